# chronolog-bench, once for each MPI of the machine (what an MPI's mpirun starts has to be built with that one) and once
# without any. The script chronolog-bench takes the one that fits how it was started.
set(CHRONO_BENCH_ROOM "${CMAKE_CURRENT_LIST_DIR}")
set(CHRONO_BENCH_SOURCES main.c options.c payload.c manifest.c write.c read.c machine.c report.c parallel.c)
list(TRANSFORM CHRONO_BENCH_SOURCES PREPEND "${CHRONO_BENCH_ROOM}/")

# flags: of the MPI's compiler wrapper, which says them itself.
function(chrono_bench variant compile_flags link_flags)
    add_executable(bench_${variant} ${CHRONO_BENCH_SOURCES})
    set_target_properties(bench_${variant} PROPERTIES
        OUTPUT_NAME chronolog-bench.${variant}
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench"
        BUILD_WITH_INSTALL_RPATH ON
        INSTALL_RPATH "$ORIGIN/../lib")
    target_include_directories(bench_${variant} PRIVATE "${CHRONOLOG_INCLUDE}")
    separate_arguments(compile_flags UNIX_COMMAND "${compile_flags}")
    separate_arguments(link_flags UNIX_COMMAND "${link_flags}")
    target_compile_options(bench_${variant} PRIVATE ${compile_flags})
    target_link_libraries(bench_${variant} PRIVATE chrono_compile chronolog ${link_flags})
    # What libchronolog needs it finds from its own place.
    target_link_options(bench_${variant} PRIVATE -Wl,--allow-shlib-undefined)
endfunction()

# The write phase by the Fortran module: one program for every MPI, as it asks none.
function(chrono_bench_fortran)
    add_executable(bench_fortran "${CHRONO_BENCH_ROOM}/../fortran/chronolog_bench.f90" "${CHRONO_BENCH_ROOM}/payload.c")
    set_target_properties(bench_fortran PROPERTIES
        OUTPUT_NAME chronolog-bench-fortran
        LINKER_LANGUAGE Fortran
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench"
        Fortran_MODULE_DIRECTORY "${CMAKE_BINARY_DIR}/bench-fortran"
        BUILD_WITH_INSTALL_RPATH ON
        INSTALL_RPATH "$ORIGIN/../lib")
    target_include_directories(bench_fortran PRIVATE "${CHRONOLOG_INCLUDE}" "${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/../fortran")
    if(CMAKE_Fortran_COMPILER_ID STREQUAL "GNU")
        target_compile_options(bench_fortran PRIVATE
            "$<$<COMPILE_LANGUAGE:Fortran>:-std=f2008;-Wall;-Wextra;-pedantic;-Werror;-Wno-uninitialized;-O2>")
    endif()
    target_link_libraries(bench_fortran PRIVATE chronolog_fortran chronolog)
    target_link_options(bench_fortran PRIVATE -Wl,--allow-shlib-undefined)
endfunction()

if(NOT CHRONO_SANITIZE)
    chrono_bench(single "" "")
    if(CHRONO_FORTRAN)
        chrono_bench_fortran()
    endif()
    find_program(CHRONO_MPICC_OPENMPI NAMES mpicc.openmpi)
    if(CHRONO_MPICC_OPENMPI)
        execute_process(COMMAND ${CHRONO_MPICC_OPENMPI} --showme:compile OUTPUT_VARIABLE compile OUTPUT_STRIP_TRAILING_WHITESPACE)
        execute_process(COMMAND ${CHRONO_MPICC_OPENMPI} --showme:link OUTPUT_VARIABLE link OUTPUT_STRIP_TRAILING_WHITESPACE)
        chrono_bench(openmpi "-DCHRONO_BENCH_MPI ${compile}" "${link}")
    endif()
    find_program(CHRONO_MPICC_MPICH NAMES mpicc.mpich)
    if(CHRONO_MPICC_MPICH)
        # "gcc FLAGS... -I... -L... -l...": all of it, to both; the name of the compiler is ours.
        execute_process(COMMAND ${CHRONO_MPICC_MPICH} -link_info OUTPUT_VARIABLE link OUTPUT_STRIP_TRAILING_WHITESPACE)
        separate_arguments(words UNIX_COMMAND "${link}")
        set(compile ${words})
        list(FILTER compile INCLUDE REGEX "^-I")
        set(link ${words})
        list(FILTER link INCLUDE REGEX "^-[Ll]")
        list(JOIN compile " " compile)
        list(JOIN link " " link)
        chrono_bench(mpich "-DCHRONO_BENCH_MPI ${compile}" "${link}")
    endif()
endif()
