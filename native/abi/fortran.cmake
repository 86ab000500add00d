# libchronolog_fortran: the Fortran module over libchronolog, and its compiler-specific .mod files beside the headers.
enable_language(Fortran)
set(FORTRAN_ROOM "${CMAKE_CURRENT_SOURCE_DIR}/../interop/ChronoLog.Abi/fortran")
set(CHRONOLOG_FORTRAN_SOURCES
    "${FORTRAN_ROOM}/chronolog_c.f90"
    "${FORTRAN_ROOM}/chronolog_failures.f90"
    "${FORTRAN_ROOM}/chronolog_stories.f90"
    "${FORTRAN_ROOM}/chronolog_replays.f90"
    "${FORTRAN_ROOM}/chronolog_clients.f90"
    "${FORTRAN_ROOM}/chronolog.f90"
)
add_library(chronolog_fortran_objects OBJECT ${CHRONOLOG_FORTRAN_SOURCES})
set_target_properties(chronolog_fortran_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    Fortran_MODULE_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/../fortran")
target_include_directories(chronolog_fortran_objects PRIVATE "${FORTRAN_ROOM}")
if(CMAKE_Fortran_COMPILER_ID STREQUAL "GNU")
    target_compile_options(chronolog_fortran_objects PRIVATE -std=f2008 -Wall -Wextra -pedantic -Werror -O2)
endif()

add_library(chronolog_fortran SHARED $<TARGET_OBJECTS:chronolog_fortran_objects>)
target_link_libraries(chronolog_fortran PRIVATE chronolog)
set_target_properties(chronolog_fortran PROPERTIES
    LINKER_LANGUAGE Fortran
    SOVERSION 1
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN")
# For programs that want nothing more beside them than libchronolog.
add_library(chronolog_fortran_static STATIC $<TARGET_OBJECTS:chronolog_fortran_objects>)
set_target_properties(chronolog_fortran_static PROPERTIES
    LINKER_LANGUAGE Fortran
    OUTPUT_NAME chronolog_fortran
    ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}")
