# Debian arm64, run under qemu-aarch64.
set(TRIPLET aarch64-linux-gnu)
set(DEBIAN_ARCH arm64)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(EMULATOR qemu-aarch64-static)
# A newer one (.ci/sysroot.sh) runs code that is written through another mapping: the native engine's.
set(NEWER ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroots/tools/qemu-aarch64)
if(EXISTS ${NEWER})
    cmake_path(NORMAL_PATH NEWER OUTPUT_VARIABLE EMULATOR)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
