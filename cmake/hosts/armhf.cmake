# Debian armhf, a 32-bit host, run under qemu-arm.
set(TRIPLET arm-linux-gnueabihf)
set(DEBIAN_ARCH armhf)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(EMULATOR qemu-arm-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
