"""The rows of the table: what is measured, and what it should reach.

A group's figure is the geometric mean of its parts.  qemu: at least so many times as fast as QEMU;
native: at most so many times as slow as the host itself (None: not asked, or there is no such thing).
"""
from collections import namedtuple

Group = namedtuple("Group", "title guest parts qemu native")

GROUPS = [
    Group("integer kernels", "kernels",
          "fib sieve qsort crc sha lz interp hash bignum str virtual queens", 3.0, 2.0),
    Group("real programs", "programs",
          "gzip gunzip bzip2 bunzip2 xz unxz openssl_sha openssl_aes openssl_rsa lua perl python sqlite shell",
          4.0, 3.0),
    Group("SSE2 double, SIMD", "kernels", "matmul_sse mandel_sse nbody_sse simd_int simd_float", 13.0, 1.6),
    Group("x87", "kernels", "matmul_x87 mandel_x87 nbody_x87", 35.0, 1.7),
    Group("memory loops", "kernels", "copy triad bytes_sum bytes_copy", 4.0, 2.0),
    Group("pointer chase", "kernels", "chase_16k chase_256k chase_2m chase_8m chase_32m", 1.0, 1.3),
    Group("chase, 10000 pages a flush", "kernels", "chase_flush", 1.0, None),
    Group("traps and page faults", "kernels", "int80 sysenter interrupt page_fault", 4.0, None),
    Group("Linux: calls, faults", "programs", "getpid mmap_touch signal", 4.0, None),
    Group("privileged instructions", "kernels",
          "cli_sti pushf_popf mov_ds far_call port_out port_in mmio_read vga_text", 1.2, None),
    Group("context switches", "programs", "pingpong", 6.0, None),
    Group("CR3 writes", "kernels", "cr3_write cr3_touch16 cr3_touch64 cr3_touch256", 6.0, None),
    Group("other paging", "kernels", "invlpg_touch touch_4096", 1.2, None),
    Group("fork and exec", "programs", "fork_exec", 3.0, None),
    Group("string instructions", "kernels",
          "movsd_4k stosd_4k movsb_4k scasb_4k cmpsb_4k movsb_16 stosd_8", 15.0, None),
    Group("changing code", "kernels", "smc_patch smc_data smc_store smc_jit", 10.0, None),
    Group("calls, returns, recursion", "kernels", "calls returns recursion jumps", 4.0, None),
    Group("16-bit real mode", "real", "int16 words16 string16 port16 calls16", 3.0, None),
    Group("boot: Debian to a shell", "boot_linux", "boot_linux", 3.0, None),
    Group("boot: FreeDOS to its prompt", "boot_freedos", "boot_freedos", 3.0, None),
    Group("boot: installer to its menu", "boot_installer", "boot_installer", 3.0, None),
]

# No part may be slower than this times QEMU, and this is enough where QEMU is near to native itself.
EVERY_PART, NEAR_NATIVE, EVERY_PART_NEAR = 1.2, 1.5, 1.0
