# Debian arm64, run under qemu-aarch64.
set(TRIPLET aarch64-linux-gnu)
set(DEBIAN_ARCH arm64)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(EMULATOR qemu-aarch64-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
