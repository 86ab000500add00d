# How all C of ChronoLog is compiled: the interface target chrono_compile. Needs FABRIC_INCLUDE_DIRS and CHRONO_SANITIZE.
add_library(chrono_compile INTERFACE)
target_include_directories(chrono_compile INTERFACE
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>")
target_compile_options(chrono_compile INTERFACE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes)
target_compile_definitions(chrono_compile INTERFACE _GNU_SOURCE)
target_include_directories(chrono_compile SYSTEM INTERFACE ${FABRIC_INCLUDE_DIRS})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # cmpxchg16b: tick and index are taken in one step
    target_compile_options(chrono_compile INTERFACE -mcx16)
endif()
if(CHRONO_SANITIZE)
    target_compile_options(chrono_compile INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(chrono_compile INTERFACE -fsanitize=address,undefined)
endif()
