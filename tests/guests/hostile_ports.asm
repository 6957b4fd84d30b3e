; Hostile guest: pseudo-random values of every size to every port, and reads of them, for ever, with
; interrupts on.  Half of the accesses go to the ports below 400h, a quarter to chips that lie higher.
; Resets and power-off are made rare, so that the run goes on.
%include "tests/guests/hostile.inc"

iteration:
        sti
.next:
        call random
        mov ebx, eax                    ; what to do
        call random
        mov edx, eax
        test bl, 1
        jnz .low
        test bl, 2
        jnz .whole
        movzx ecx, bh
        and ecx, 15
        mov cx, [bases + 2 * ecx]
        and edx, 15
        add edx, ecx
        jmp .chosen
.low:
        and edx, 0x3ff
.whole:
        and edx, 0xffff
.chosen:
        call random
        mov ecx, edx                    ; PM1 control: no sleep enable
        and ecx, 0xffc0
        cmp ecx, 0x600
        jne .awake
        and eax, 0xdfdfdfdf
.awake:
        mov ecx, edx
        cmp ecx, 0x64
        je .rare
        cmp ecx, 0x92
        je .rare
        and ecx, 0xfffc
        cmp ecx, 0xcf8
        je .rare
        jmp .access
.rare:
        test ebx, 0x3f0000
        jnz .next
.access:
        test bl, 4
        jz .read
        test bl, 8
        jnz .write_byte
        test bl, 16
        jnz .write_word
        out dx, eax
        jmp .next
.write_byte:
        out dx, al
        jmp .next
.write_word:
        out dx, ax
        jmp .next
.read:
        test bl, 32
        jnz .string
        test bl, 8
        jnz .read_byte
        test bl, 16
        jnz .read_word
        in eax, dx
        jmp .next
.read_byte:
        in al, dx
        jmp .next
.read_word:
        in ax, dx
        jmp .next
.string:
        mov ecx, ebx
        shr ecx, 24
        mov edi, 0x100000
        mov esi, edi
        test bl, 64
        jnz .string_write
        test bl, 8
        jnz .string_byte
        rep insd
        jmp .next
.string_byte:
        rep insb
        jmp .next
.string_write:
        test bl, 8
        jnz .string_write_word
        rep outsd
        jmp .next
.string_write_word:
        rep outsw
        jmp .next

bases:  dw 0x1ce, 0x1f0, 0x170, 0x3c0, 0x3d0, 0x3f0, 0x402, 0x4d0
        dw 0x510, 0x600, 0x608, 0xb2, 0xc000, 0xc040, 0xcf8, 0x700

        align 512, db 0
SECTORS equ ($ - $$) / 512
