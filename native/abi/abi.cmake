# libchronolog: the C interface for applications. Its header is interop/ChronoLog.Abi/include/chronolog.h.
set(CHRONOLOG_ABI_SOURCES
    abi/failure.c
    abi/passage.c
    abi/handles.c
    abi/faults.c
    abi/gateway.c
    abi/client.c
    abi/list.c
    abi/story.c
    abi/replay.c
)
set(CHRONOLOG_INCLUDE "${CMAKE_CURRENT_SOURCE_DIR}/../interop/ChronoLog.Abi/include")
set(CHRONOLOG_MAP "${CMAKE_CURRENT_SOURCE_DIR}/abi/chronolog.map")

add_library(chronolog SHARED ${CHRONOLOG_ABI_SOURCES} abi/managed.c)
target_include_directories(chronolog PRIVATE "${CHRONOLOG_INCLUDE}")
target_compile_definitions(chronolog PRIVATE CHRONOLOG_VERSION="${PROJECT_VERSION}")
target_link_libraries(chronolog PRIVATE chrono_compile chrono_native m ${CHRONO_LIBRARIES})
# nodelete: a runtime with threads of its own cannot be unloaded, so neither can what calls it.
target_link_options(chronolog PRIVATE "-Wl,--version-script=${CHRONOLOG_MAP}" -Wl,-z,nodelete)
if(NOT CHRONO_SANITIZE) # the sanitizers' functions are the executable's
    target_link_options(chronolog PRIVATE -Wl,-z,defs)
endif()
set_target_properties(chronolog PROPERTIES
    SOVERSION 1
    LINK_DEPENDS "${CHRONOLOG_MAP}"
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN")

# Its C without the managed part, which native/tests/played_managed.c plays: so that it can run under the sanitizers.
function(chrono_played_test name source)
    add_executable(${name} "${CMAKE_CURRENT_SOURCE_DIR}/${source}" tests/played_managed.c ${CHRONOLOG_ABI_SOURCES})
    target_include_directories(${name} PRIVATE "${CHRONOLOG_INCLUDE}" tests)
    target_compile_definitions(${name} PRIVATE CHRONOLOG_VERSION="${PROJECT_VERSION}")
    target_link_libraries(${name} PRIVATE chrono_native_hooked m)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

chrono_played_test(abi_misuse_test ../tests/abi/misuse.c)
chrono_played_test(hot_path_test tests/hot_path_test.c)

# The header as every compiler sees it that an application may use, with every warning an error.
enable_language(CXX)
foreach(standard c99 c11 c++11 c++17)
    string(REGEX MATCH "^c[+][+]" is_cxx ${standard})
    if(is_cxx)
        set(compiler ${CMAKE_CXX_COMPILER} -x c++)
    else()
        set(compiler ${CMAKE_C_COMPILER} -x c)
    endif()
    add_test(NAME header_${standard} COMMAND ${compiler} -std=${standard} -Wall -Wextra -Wpedantic -Werror -fsyntax-only
        "${CHRONOLOG_INCLUDE}/chronolog.h")
endforeach()

# What the library exports is what the header declares.
add_test(NAME exported_symbols COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/tests/exported_symbols.sh"
    "${CHRONOLOG_INCLUDE}/chronolog.h" $<TARGET_FILE:chronolog>)

# What the other languages repeat of it is the same.
find_program(CHRONO_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(CHRONO_PYTHON)
    add_test(NAME bindings COMMAND ${CHRONO_PYTHON} "${CMAKE_CURRENT_SOURCE_DIR}/tests/bindings.py" "${CMAKE_CURRENT_SOURCE_DIR}/..")
endif()
