# find_package(ChronoLog) gives the target ChronoLog::chronolog: libchronolog with its headers for C, C++11 and C++17.
get_filename_component(_chronolog_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET ChronoLog::chronolog)
    add_library(ChronoLog::chronolog SHARED IMPORTED)
    set_target_properties(ChronoLog::chronolog PROPERTIES
        IMPORTED_LOCATION "${_chronolog_prefix}/lib/libchronolog.so.1"
        IMPORTED_SONAME "libchronolog.so.1"
        INTERFACE_INCLUDE_DIRECTORIES "${_chronolog_prefix}/include")
endif()
unset(_chronolog_prefix)
