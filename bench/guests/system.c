/*
 * Operations of the system on the bare machine: traps, interrupts, segments, ports, paging, string
 * instructions, code that changes.  Protected mode with 4 KiB pages over all 4 GiB, mapped to
 * themselves.
 */
#include "guest.h"

enum {
    PAGE = 4096,
    FAR_PAGES = 10000, /* touched between two flushes in chase_flush */
};

extern char trap_unexpected[], trap_page_fault[], trap_return[], trap_apic[], trap_leave_user[];
extern char sysenter_entry[], user_int80[], user_sysenter[], trap_stack_top[];
extern u64 gdt_tss;
extern volatile u32 interrupts;
void enter_user(void *entry, u32 count);

static u32 directory[1024] __attribute__((aligned(PAGE)));
static u32 other_directory[1024] __attribute__((aligned(PAGE)));
u32 page_tables[1024 * 1024] __attribute__((aligned(PAGE)));
static u8 area[64 << 20] __attribute__((aligned(PAGE)));
static u8 code[2 * PAGE] __attribute__((aligned(PAGE)));
static volatile u32 sink;

static struct tss {
    u32 link, esp0, ss0, rest[23];
} tss;

static u64 idt[256];

static void gate(u32 vector, const void *handler, u32 privilege)
{
    u32 offset = (u32)handler;
    u32 high = (offset & 0xFFFF0000u) | 0x8E00 | privilege << 13;
    idt[vector] = (u64)high << 32 | 8u << 16 | (offset & 0xFFFF);
}

static void write_msr(u32 index, u32 value)
{
    __asm__ volatile("wrmsr" ::"c"(index), "a"(value), "d"(0));
}

static void load_cr3(const void *table)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(table) : "memory");
}

static void invalidate(const void *page)
{
    __asm__ volatile("invlpg (%0)" ::"r"(page) : "memory");
}

static void set_up(void)
{
    for (u32 i = 0; i < COUNT(page_tables); i++) {
        page_tables[i] = i << 12 | 7;
    }
    for (u32 i = 0; i < 1024; i++) {
        directory[i] = other_directory[i] = (u32)&page_tables[i * 1024] | 7;
    }
    for (u32 vector = 0; vector < 256; vector++) {
        gate(vector, trap_unexpected, 0);
    }
    gate(14, trap_page_fault, 0);
    gate(0x40, trap_apic, 0);
    gate(0xFF, trap_return, 0); /* spurious */
    gate(0x80, trap_return, 3);
    gate(0x81, trap_leave_user, 3);
    struct {
        u16 limit;
        u32 base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (u32)idt};
    __asm__ volatile("lidt %0" ::"m"(pointer));
    tss.esp0 = (u32)trap_stack_top;
    tss.ss0 = 16;
    u32 base = (u32)&tss;
    gdt_tss = 103 | (u64)(base & 0xFFFFFF) << 16 | 0x89ull << 40 | (u64)(base >> 24) << 56;
    __asm__ volatile("ltr %w0" ::"r"(0x28));
    write_msr(0x174, 8);
    write_msr(0x175, tss.esp0);
    write_msr(0x176, (u32)sysenter_entry);
    load_cr3(directory);
    __asm__ volatile("mov %%cr0, %%eax; or $0x80010000, %%eax; mov %%eax, %%cr0" ::
                         : "eax", "memory");
    __asm__ volatile("outb %b0, $0x21; outb %b0, $0xA1" ::"a"(0xFF));
}

static u32 touch(u32 pages)
{
    u32 sum = 0;
    for (u32 i = 0; i < pages; i++) {
        sum += *(volatile u8 *)&area[i * PAGE + 64 * (i & 15)];
    }
    return sum;
}

static void apic_write(u32 offset, u32 value)
{
    *(volatile u32 *)(0xFEE00000u + offset) = value;
}

static void self_interrupt(void)
{
    u32 before = interrupts;
    apic_write(0x300, 0x40000 | 0x4000 | 0x40); /* to itself, asserted, vector 40h */
    while (interrupts == before) {
        __asm__ volatile("");
    }
}

/* A function "return i" in 16 places of the page in turn, called ten times. */
static u32 jit(u32 i)
{
    u8 *at = code + PAGE + (i & 15) * 64;
    u32 sum = 0;
    at[0] = 0xB8;
    __builtin_memcpy(at + 1, &i, 4);
    at[5] = 0x05; /* add eax, imm32 */
    __builtin_memcpy(at + 6, &sum, 4);
    at[10] = 0xC3;
    for (u32 n = 0; n < 10; n++) {
        sum += ((u32(*)(void))at)();
    }
    return sum;
}

/* The function "return the number at code + 1". */
static u32 call_code(void)
{
    u32 value;
    __asm__ volatile("call *%1" : "=a"(value) : "r"(code) : "memory");
    return value;
}

static void make_code(void)
{
    code[0] = 0xB8;
    code[5] = 0xC3;
}

#define STRING(instruction, source, target, count, value) \
    do {                                                  \
        void *si = (source), *di = (target);              \
        u32 n = (count);                                  \
        __asm__ volatile("cld; " instruction              \
                         : "+S"(si), "+D"(di), "+c"(n)    \
                         : "a"(value)                     \
                         : "memory", "cc");               \
        sink = n;                                         \
    } while (0)

/* PART(name, times, statement): that many times between begin() and end(). */
#define PART(name, times, statement)        \
    if (wanted(name)) {                     \
        begin(name);                        \
        for (u32 i = 0; i < (times); i++) { \
            statement;                      \
        }                                   \
        end(name, 0);                       \
    }

static void traps(void)
{
    PART("int80", 1, enter_user(user_int80, 500000))
    PART("sysenter", 1, enter_user(user_sysenter, 2000000))
    write_msr(0x1B, 0xFEE00900);
    apic_write(0xF0, 0x1FF);
    apic_write(0x80, 0);
    __asm__ volatile("sti");
    PART("interrupt", 200000, self_interrupt())
    __asm__ volatile("cli");
    PART("page_fault", 200000, {
        u8 *page = &area[(i & 4095) * PAGE];
        page_tables[(u32)page >> 12] &= ~1u;
        invalidate(page);
        sink = *(volatile u8 *)page;
    })
}

static void privileged(void)
{
    PART("cli_sti", 4000000, __asm__ volatile("cli; sti; cli"))
    PART("pushf_popf", 4000000, __asm__ volatile("pushfl; popfl" ::: "memory"))
    PART("mov_ds", 3000000, __asm__ volatile("movw %w0, %%ds" ::"r"(16)))
    PART("far_call", 1000000, __asm__ volatile("lcall $8, $1f; jmp 2f; 1: lret; 2:" ::: "memory"))
    PART("port_out", 1500000, __asm__ volatile("outb %b0, $0x80" ::"a"(0)))
    PART("port_in", 800000, {
        u8 value;
        __asm__ volatile("inb $0x61, %0" : "=a"(value));
        sink = value;
    })
    PART("mmio_read", 1500000, sink = *(volatile u32 *)0xFEE00020u)
    PART("vga_text", 1500000, *(volatile u16 *)0xB8000 = (u16)i)
}

static void paging(void)
{
    PART("cr3_write", 50000, load_cr3(directory))
    PART("cr3_touch16", 30000, load_cr3(directory); touch(16))
    PART("cr3_touch64", 15000, load_cr3(i & 1 ? directory : other_directory); touch(64))
    PART("cr3_touch256", 5000, load_cr3(directory); touch(256))
    PART("invlpg_touch", 500000, invalidate(area); sink = *(volatile u8 *)area)
    PART("touch_4096", 300, touch(4096))
    PART("chase_flush", 150, load_cr3(directory); touch(FAR_PAGES))
}

static void strings(void)
{
    PART("movsd_4k", 50000, STRING("rep movsl", area, area + 65536, 1024, 0))
    PART("stosd_4k", 50000, STRING("rep stosl", area, area + 65536, 1024, 0))
    PART("movsb_4k", 50000, STRING("rep movsb", area + 1, area + 65536, 4096, 0))
    PART("scasb_4k", 20000, STRING("repne scasb", area, area + 65536, 4096, 7))
    PART("cmpsb_4k", 20000, STRING("repe cmpsb", area, area + 65536, 4096, 0))
    PART("movsb_16", 3000000, STRING("rep movsb", area, area + 65536, 16, 0))
    PART("stosd_8", 4000000, STRING("rep stosl", area, area + 65536, 8, 0))
}

static void changing_code(void)
{
    make_code();
    PART("smc_patch", 20000, {
        __builtin_memcpy(code + 1, &i, 4);
        sink = call_code();
    })
    PART("smc_data", 1000000, {
        *(volatile u32 *)(code + 2048) = i;
        sink = call_code();
    })
    PART("smc_store", 1000000, *(volatile u32 *)(code + 2048) = i)
    PART("smc_jit", 10000, sink = jit(i))
}

int main(void)
{
    /* A boot loader may put the image's name before the command line. */
    const char *blank = 0;
    for (const char *at = command_line; at && *at; at++) {
        blank = *at == ' ' ? at : blank;
    }
    command_line = blank ? blank + 1 : command_line;
    set_up();
    run_kernels();
    traps();
    privileged();
    paging();
    strings();
    changing_code();
    put_text(". done\n");
    return 0;
}
