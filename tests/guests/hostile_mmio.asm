; Hostile guest: random accesses to the local and I/O APIC, the VGA windows and registers, the frame
; buffer, firmware areas, holes, PCI configuration space, and bus-master, floppy and fw_cfg DMA with
; random descriptors.
%include "tests/guests/hostile.inc"

PRD     equ 0x200000
FW_DMA  equ 0x210000

iteration:
        mov edi, PRD
        mov ecx, 0x4000
        call fill
        mov ecx, 0x800                  ; most of them lead into RAM
.prd:
        call random
        and eax, 0x00ffffff
        or eax, 0x00400000
        mov [PRD + 8 * ecx], eax
        loop .prd
        sti
.next:
        call random
        mov ebx, eax
        and eax, 7
        call [acts + 4 * eax]
        jmp .next

acts:   dd window, window, window, config, ide, floppy, firmware, video

; One access in one of the windows.
window:
        mov ecx, ebx
        shr ecx, 4
        and ecx, 7
        call random
        and eax, [.masks + 4 * ecx]
        add eax, [.bases + 4 * ecx]
        mov edi, eax
        mov esi, eax
        call random
        test ebx, 0x100
        jz .read
        test ebx, 0x200
        jz .byte
        test ebx, 0x400
        jz .word
        test ebx, 0x800
        jz .run
        mov [edi], eax
        ret
.byte:
        mov [edi], al
        ret
.word:
        mov [edi], ax
        ret
.run:
        movzx ecx, bh
        rep stosd
        ret
.read:
        test ebx, 0x200
        jz .read_byte
        test ebx, 0x400
        jz .move
        mov eax, [esi]
        lock or [esi], eax
        ret
.read_byte:
        xchg [esi], al
        ret
.move:
        movzx ecx, bh
        mov edi, 0xa0000
        rep movsb
        ret
.bases: dd 0xfee00000, 0xfec00000, 0xa0000, 0xa0000, 0xfd000000, 0xe0000000, 0xc0000, 0x07fffff0
.masks: dd 0xfff, 0x3f, 0x1ffff, 0xffff, 0x00ffffff, 0x1fffffff, 0x3ffff, 0x1f

; PCI configuration space of bus 0, every function; the host bridge's shadow registers too.
config:
        call random
        and eax, 0x00001ffc
        test ebx, 0x10
        jz .near
        and eax, 0x000007fc
.near:
        or eax, 0x80000000
        mov edx, 0xcf8
        out dx, eax
        mov ecx, ebx
        shr ecx, 8
        and ecx, 3
        lea edx, [ecx + 0xcfc]
        call random
        test ebx, 0x20
        jz .read
        test ebx, 0x40
        jz .byte
        mov dl, 0xfc
        out dx, eax
        ret
.byte:
        out dx, al
        ret
.read:
        in eax, dx
        ret

; A command for a drive, and the bus master behind it.
ide:
        mov eax, 0x80000920             ; BAR 4 of the IDE function
        mov edx, 0xcf8
        out dx, eax
        mov dl, 0xfc
        in eax, dx
        and eax, 0xfff0
        mov edi, eax
        mov eax, 0x80000904
        mov dl, 0xf8
        out dx, eax
        mov dl, 0xfc
        mov eax, 5
        out dx, ax
        mov esi, 0x1f0
        test ebx, 0x10
        jz .first
        sub esi, 0x80
        add edi, 8
.first:
        lea edx, [esi + 1]              ; task file
        mov ecx, 6
.file:
        call random
        test ebx, 0x20
        jz .any
        and al, 3
.any:
        out dx, al
        inc edx
        loop .file
        call random
        and eax, 15
        mov al, [.commands + eax]
        out dx, al
        lea edx, [edi + 4]
        call random
        and eax, 0x3ffc
        add eax, PRD
        out dx, eax
        mov edx, edi
        call random
        and al, 9
        out dx, al
        mov edx, esi
        test ebx, 0x40
        jz .done
        movzx ecx, bh
        push edi
        mov edi, PRD + 0x10000
        rep insw
        pop edi
        mov ecx, 32
        mov esi, PRD
        test ebx, 0x80
        jz .done
        rep outsw
.done:
        lea edx, [edi + 2]
        mov al, 6
        out dx, al
        ret
.commands: db 0xc8, 0xca, 0x25, 0x35, 0x20, 0x30, 0xa0, 0xec, 0xa1, 0xc4, 0xc5, 0xef, 0x08, 0xe7, 0xc6, 0x91

; Bytes for the floppy controller, and a channel 2 that points anywhere.
floppy:
        call random
        out 0x0b, al
        call random
        out 0x04, al
        call random
        out 0x04, al
        out 0x05, al
        call random
        out 0x05, al
        and al, 0x7f
        or al, 0x40                     ; not over ourselves
        out 0x81, al
        mov al, 2
        out 0x0a, al
        mov edx, 0x3f2
        mov al, 0x1c
        out dx, al
        movzx ecx, bh
        and ecx, 15
        mov dl, 0xf5
.next:
        call random
        out dx, al
        loop .next
        in al, dx
        in al, dx
        ret

; fw_cfg by port and by DMA.
firmware:
        call random
        test ebx, 0x10
        jz .plain
        and eax, 0x3f
.plain:
        mov edx, 0x510
        out dx, ax
        inc edx
        movzx ecx, bh
        mov edi, PRD + 0x20000
        rep insb
        call random
        and eax, 0xffff001f             ; control, big-endian in memory
        bswap eax
        mov [FW_DMA], eax
        call random
        test ebx, 0x20
        jz .long
        and eax, 0xffff
.long:
        bswap eax
        mov [FW_DMA + 4], eax
        mov dword [FW_DMA + 8], 0
        call random
        and eax, 0x00ffffff
        or eax, 0x00400000
        bswap eax
        mov [FW_DMA + 12], eax
        mov edx, 0x514
        xor eax, eax
        out dx, eax
        mov dl, 0x18
        mov eax, FW_DMA
        bswap eax
        out dx, eax
        ret

; Random values in the VGA's and the Bochs interface's registers.
video:
        call random
        and eax, 0x1f
        lea edx, [eax + 0x3c0]
        call random
        test ebx, 0x10
        jz .vbe
        out dx, ax
        out dx, al
        in al, dx
        ret
.vbe:
        mov edx, 0x1ce
        and eax, 15
        out dx, ax
        inc edx
        call random
        test ebx, 0x20
        jz .large
        and eax, 0x7ff
.large:
        out dx, ax
        in ax, dx
        ret

        align 512, db 0
SECTORS equ ($ - $$) / 512
