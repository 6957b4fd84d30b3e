# Debian riscv64, run under qemu-riscv64.
set(TRIPLET riscv64-linux-gnu)
set(DEBIAN_ARCH riscv64)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(EMULATOR qemu-riscv64-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
