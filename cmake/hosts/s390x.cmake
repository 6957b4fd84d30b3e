# Debian s390x, run under qemu-s390x.
set(TRIPLET s390x-linux-gnu)
set(DEBIAN_ARCH s390x)
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(EMULATOR qemu-s390x-static)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
