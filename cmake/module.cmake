set(VESTIGE_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-prototypes -Wswitch-enum -Wvla -fno-strict-aliasing)
if(VESTIGE_WERROR)
    list(APPEND VESTIGE_WARNINGS -Werror)
endif()
if(VESTIGE_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()

if(VESTIGE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# How much slower than this machine's own a cross build runs, in an emulator: its tests may take that much
# longer, and those with a budget (tests/support/budget.h) do that part of it.
set(VESTIGE_SLOWNESS 1)
if(CMAKE_CROSSCOMPILING)
    set(VESTIGE_SLOWNESS 8)
endif()

# vestige_time_limit(SECONDS TESTS...): the limit of tests whose environment is set.
function(vestige_time_limit seconds)
    math(EXPR limit "${seconds} * ${VESTIGE_SLOWNESS}")
    foreach(test ${ARGN})
        set_tests_properties(${test} PROPERTIES TIMEOUT ${limit})
        set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT VESTIGE_SLOWNESS=${VESTIGE_SLOWNESS})
    endforeach()
endfunction()

# vestige_module(NAME FOLDER LINKS...): static library NAME of all .c files directly in FOLDER.
function(vestige_module name folder)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.c)
    vestige_keep(sources)
    if(NOT sources)
        add_library(vestige_${name} INTERFACE)
        return()
    endif()
    add_library(vestige_${name} STATIC ${sources})
    target_include_directories(vestige_${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_compile_options(vestige_${name} PRIVATE ${VESTIGE_WARNINGS})
    foreach(link ${ARGN})
        if(TARGET vestige_${link})
            target_link_libraries(vestige_${name} PUBLIC vestige_${link})
        else()
            target_link_libraries(vestige_${name} PUBLIC ${link})
        endif()
    endforeach()
endfunction()

# vestige_unit_test(SOURCE LINKS...): one Check program from tests/unit, named for its file.
function(vestige_unit_test source)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_options(${name} PRIVATE ${VESTIGE_WARNINGS} -Wno-conversion -Wno-sign-conversion)
    target_link_libraries(${name} PRIVATE ${ARGN} PkgConfig::CHECK Threads::Threads)
    # Compiler caches make __FILE__ relative to the build folder: from there tests find their data.
    set(command ${name})
    if(name IN_LIST VESTIGE_PROOFS)
        set(command ${VESTIGE_SCORED} ${CMAKE_BINARY_DIR}/exactness/${name}.score ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${name}>)
    endif()
    add_test(NAME ${name} COMMAND ${command} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    # Check gives each test 4 s, which a busy host may not.
    set_tests_properties(${name} PROPERTIES LABELS fast SKIP_RETURN_CODE 77
        ENVIRONMENT "CK_DEFAULT_TIMEOUT=60;CK_TIMEOUT_MULTIPLIER=${VESTIGE_SLOWNESS}")
    vestige_time_limit(120 ${name})
endfunction()
