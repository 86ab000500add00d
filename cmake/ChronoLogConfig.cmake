# find_package(ChronoLog) gives the targets
#   ChronoLog::chronolog   libchronolog with its headers for C, C++11 and C++17
#   ChronoLog::fortran     the module `chronolog`, where the project has Fortran enabled before find_package: as it was built
#                          when the compiler can read that; else, and with ChronoLog_FORTRAN_FROM_SOURCE, from its source
get_filename_component(_chronolog_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET ChronoLog::chronolog)
    add_library(ChronoLog::chronolog SHARED IMPORTED)
    set_target_properties(ChronoLog::chronolog PROPERTIES
        IMPORTED_LOCATION "${_chronolog_prefix}/lib/libchronolog.so.1"
        IMPORTED_SONAME "libchronolog.so.1"
        INTERFACE_INCLUDE_DIRECTORIES "${_chronolog_prefix}/include")
endif()

get_property(_chronolog_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if("Fortran" IN_LIST _chronolog_languages AND NOT TARGET ChronoLog::fortran)
    # gfortran's module files have kept their format since its version 8.
    if(CMAKE_Fortran_COMPILER_ID STREQUAL "GNU" AND CMAKE_Fortran_COMPILER_VERSION VERSION_GREATER_EQUAL 8
       AND EXISTS "${_chronolog_prefix}/include/chronolog-fortran/chronolog.mod" AND NOT ChronoLog_FORTRAN_FROM_SOURCE)
        add_library(ChronoLog::fortran SHARED IMPORTED)
        set_target_properties(ChronoLog::fortran PROPERTIES
            IMPORTED_LOCATION "${_chronolog_prefix}/lib/libchronolog_fortran.so.1"
            IMPORTED_SONAME "libchronolog_fortran.so.1"
            INTERFACE_INCLUDE_DIRECTORIES "${_chronolog_prefix}/include/chronolog-fortran"
            INTERFACE_LINK_LIBRARIES ChronoLog::chronolog)
    else()
        set(_chronolog_room "${_chronolog_prefix}/share/chronolog/fortran")
        add_library(chronolog_fortran_from_source STATIC
            "${_chronolog_room}/chronolog_c.f90" "${_chronolog_room}/chronolog_failures.f90"
            "${_chronolog_room}/chronolog_stories.f90" "${_chronolog_room}/chronolog_replays.f90"
            "${_chronolog_room}/chronolog_clients.f90" "${_chronolog_room}/chronolog.f90")
        set_target_properties(chronolog_fortran_from_source PROPERTIES
            Fortran_MODULE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/chronolog-fortran"
            POSITION_INDEPENDENT_CODE ON)
        target_include_directories(chronolog_fortran_from_source
            PRIVATE "${_chronolog_room}"
            INTERFACE "${CMAKE_CURRENT_BINARY_DIR}/chronolog-fortran")
        target_link_libraries(chronolog_fortran_from_source PUBLIC ChronoLog::chronolog)
        add_library(ChronoLog::fortran ALIAS chronolog_fortran_from_source)
        unset(_chronolog_room)
    endif()
endif()
unset(_chronolog_languages)
unset(_chronolog_prefix)
