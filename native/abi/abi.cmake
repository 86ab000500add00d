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
target_link_options(chronolog PRIVATE "-Wl,--version-script=${CHRONOLOG_MAP}" -Wl,-z,nodelete -Wl,-z,defs)
set_target_properties(chronolog PROPERTIES
    SOVERSION 1
    LINK_DEPENDS "${CHRONOLOG_MAP}"
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN")
