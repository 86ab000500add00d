#!/usr/bin/env bash
# Builds, tests and shows ChronoLog. `./build.sh help` lists the commands. Everything it makes lies in artifacts/.
set -euo pipefail
CALLED_FROM=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
ROOT=$PWD
ARTIFACTS=$ROOT/artifacts
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

# What building, running and testing need, as Debian names it: (command or file that shows its presence) package.
PACKAGES=(
    "/usr/bin/gcc gcc"
    "/usr/bin/g++ g++"
    "/usr/bin/make make"
    "/usr/bin/cmake cmake"
    "/usr/bin/pkg-config pkg-config"
    "/usr/include/rdma/fi_endpoint.h libfabric-dev"
    "/usr/include/zmq.h libzmq3-dev"
    "/usr/include/hdf5/serial/hdf5.h libhdf5-dev"
    "/usr/include/zlib.h zlib1g-dev"
    "/usr/bin/git git"
)
TEST_PACKAGES=(
    "/usr/bin/h5dump hdf5-tools"
    "/usr/lib/python3/dist-packages/h5py python3-h5py-serial"
    "/usr/bin/strace strace"
    "/usr/sbin/mkfs.ext4 e2fsprogs"
    "/usr/bin/mount mount"
    "/usr/bin/gfortran gfortran"
    "/usr/bin/valgrind valgrind"
    "/usr/lib/python3/dist-packages/numpy python3-numpy"
    "/usr/bin/groff groff-base"
    "/usr/bin/tclsh tcl"
    "/usr/bin/modulecmd environment-modules"
    "/usr/bin/mpirun.openmpi openmpi-bin"
    "/usr/bin/mpicc.openmpi libopenmpi-dev"
    "/usr/bin/mpirun.mpich mpich"
    "/usr/bin/mpicc.mpich libmpich-dev"
    "/usr/sbin/slurmctld slurm-wlm"
    "/usr/sbin/munged munge"
)

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

install_packages() {
    local missing=() entry
    for entry in "$@"; do
        [ -e "${entry%% *}" ] || missing+=("${entry##* }")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        die "these packages are missing; install them and run this again:
    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
    step "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" > "$ARTIFACTS/apt.log" 2>&1 \
        || { tail -20 "$ARTIFACTS/apt.log" >&2; die "apt-get failed"; }
}

need_dotnet() {
    command -v dotnet > /dev/null || die "the .NET SDK 10 is missing: https://dot.net (or your site's module), then run this again"
}

# True when a source of the given folders is newer than the stamp.
stale() {
    local stamp=$1; shift
    [ -e "$stamp" ] || return 0
    [ -n "$(find "$@" -newer "$stamp" -type f -not -path '*/obj/*' -print -quit)" ]
}

build_native() {
    local type=$1 dir=$2; shift 2
    cmake -S native -B "$dir" -DCMAKE_BUILD_TYPE="$type" "$@" > "$dir.log" 2>&1 \
        && cmake --build "$dir" -j "$(nproc)" >> "$dir.log" 2>&1 \
        || { tail -40 "$dir.log" >&2; die "the native build failed; see $dir.log"; }
}

# The Fortran module is built where there is a compiler for it.
has_fortran() { command -v "${FC:-gfortran}" > /dev/null; }
lacks_fortran() { has_fortran && [ ! -e "$ARTIFACTS/bin/chronolog-bench-fortran" ]; }

# The framework of the NativeAOT binaries: net10.0 where its runtime pack restores, else net9.0; found out once.
aot_framework() {
    local known=$ARTIFACTS/aot-framework
    if [ ! -s "$known" ]; then
        if dotnet restore managed/ChronoLog.App -r linux-x64 -p:ChronoTfm=net10.0 -p:ChronoAot=true -p:ArtifactsPath="$ARTIFACTS/dotnet/probe" \
            > "$ARTIFACTS/probe.log" 2>&1; then
            echo net10.0 > "$known"
        else
            echo net9.0 > "$known"
        fi
        rm -rf "$ARTIFACTS/dotnet/probe"
    fi
    cat "$known"
}

publish_aot() {
    local framework
    framework=$(aot_framework)
    step "publishing the NativeAOT executable ($framework)"
    dotnet publish managed/ChronoLog.App -c Release -r linux-x64 -p:ChronoTfm="$framework" -p:ChronoAot=true \
        -o "$ARTIFACTS/publish" -v q > "$ARTIFACTS/publish.log" 2>&1 \
        || { grep -E 'error|warning' "$ARTIFACTS/publish.log" | sort -u | head -40 >&2; die "publish failed; see artifacts/publish.log"; }
    mkdir -p "$ARTIFACTS/bin" "$ARTIFACTS/lib"
    # Replaced by rename: a deployment that runs from here keeps its own copy.
    install -m 755 "$ARTIFACTS/publish/chronolog" "$ARTIFACTS/bin/.chronolog.new"
    mv -f "$ARTIFACTS/bin/.chronolog.new" "$ARTIFACTS/bin/chronolog"
    install -m 644 "$ARTIFACTS/publish/libe_sqlite3.so" "$ARTIFACTS/bin/"
    local role
    for role in visor keeper grapher player; do
        ln -sfn chronolog "$ARTIFACTS/bin/chrono-$role"
    done
}

# The managed part of libchronolog, which native/abi/managed.c loads from beside it.
publish_abi() {
    local framework
    framework=$(aot_framework)
    step "publishing libchronolog_managed.so ($framework)"
    dotnet publish interop/ChronoLog.Abi -c Release -r linux-x64 -p:ChronoTfm="$framework" -p:ChronoAot=true \
        -o "$ARTIFACTS/publish-abi" -v q > "$ARTIFACTS/publish-abi.log" 2>&1 \
        || { grep -E 'error|warning' "$ARTIFACTS/publish-abi.log" | sort -u | head -40 >&2; die "publish failed; see artifacts/publish-abi.log"; }
    install -m 644 "$ARTIFACTS/publish-abi/ChronoLog.Abi.so" "$ARTIFACTS/lib/.managed.new"
    mv -f "$ARTIFACTS/lib/.managed.new" "$ARTIFACTS/lib/libchronolog_managed.so"
}

# chronolog-bench is built once for each MPI that is there: true when one has come since.
lacks_bench() {
    local mpi
    for mpi in openmpi mpich; do
        if command -v "mpicc.$mpi" > /dev/null && [ ! -e "$ARTIFACTS/bin/chronolog-bench.$mpi" ]; then return 0; fi
    done
    return 1
}

build() {
    mkdir -p "$ARTIFACTS/lib" "$ARTIFACTS/include" "$ARTIFACTS/bin"
    install_packages "${PACKAGES[@]}"
    need_dotnet
    if lacks_bench || lacks_fortran || stale "$ARTIFACTS/stamp-native" \
        native interop/ChronoLog.Abi/include interop/ChronoLog.Abi/fortran cmake bench/parallel bench/fortran; then
        step "building native"
        local fortran=OFF
        if has_fortran; then fortran=ON; else say "no Fortran compiler (gfortran, or \$FC): the Fortran module is left out"; fi
        build_native Release "$ARTIFACTS/native" -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$ARTIFACTS/lib" -DCHRONO_FORTRAN=$fortran
        rm -f "$ARTIFACTS"/include/*
        cp interop/ChronoLog.Abi/include/* "$ARTIFACTS/include/"
        install -m 755 bench/parallel/chronolog-bench "$ARTIFACTS"/native/bench/chronolog-bench[.-]* "$ARTIFACTS/bin/"
        touch "$ARTIFACTS/stamp-native"
    fi
    if stale "$ARTIFACTS/stamp-aot" managed interop Directory.Build.props Directory.Packages.props .editorconfig; then
        publish_aot
        publish_abi
        touch "$ARTIFACTS/stamp-aot"
    fi
    say "artifacts/bin/chronolog is up to date ($(aot_framework))"
}

build_tests() {
    install_packages "${TEST_PACKAGES[@]}" # first: with a Fortran compiler or an MPI there is more to build
    build
    if stale "$ARTIFACTS/stamp-tests" managed interop tests bench Directory.Build.props Directory.Packages.props .editorconfig; then
        step "building the tests"
        dotnet build ChronoLog.sln -c Release -v q > "$ARTIFACTS/tests.log" 2>&1 \
            || { grep -E 'error|warning' "$ARTIFACTS/tests.log" | sort -u | head -40 >&2; die "the build failed; see artifacts/tests.log"; }
        touch "$ARTIFACTS/stamp-tests"
    fi
}

PASSED=0 FAILED=0 SKIPPED=0

# Runs the ctest suite of one native build and adds its counts.
native_suite() {
    local dir=$1 log="$1-test.log" all bad
    ctest --test-dir "$dir" --output-on-failure --timeout 300 > "$log" 2>&1 || true
    all=$(sed -n 's/.*tests failed out of \([0-9]*\).*/\1/p' "$log"); all=${all:-0}
    bad=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$log"); bad=${bad:-0}
    if [ "$all" -eq 0 ]; then
        say "no native test ran; see $log"; FAILED=$((FAILED + 1)); return
    fi
    [ "$bad" -eq 0 ] || tail -60 "$log"
    say "$2: $((all - bad)) passed, $bad failed"
    PASSED=$((PASSED + all - bad)); FAILED=$((FAILED + bad))
}

# Runs one NUnit project and adds its counts.
managed_suite() {
    local project=$1 results="$ARTIFACTS/results/$1" log="$ARTIFACTS/results/$1.log" trx counters passed failed skipped
    rm -rf "$results"; mkdir -p "$results"
    dotnet test "tests/$project" -c Release --no-build --logger "trx;LogFileName=$project.trx" --logger "console;verbosity=minimal" \
        --results-directory "$results" > "$log" 2>&1 || true
    trx=$results/$project.trx
    if [ ! -s "$trx" ]; then
        tail -40 "$log"; say "$project: no result"; FAILED=$((FAILED + 1)); return
    fi
    counters=$(grep -o '<Counters [^>]*' "$trx" | head -1)
    passed=$(sed -n 's/.* passed="\([0-9]*\)".*/\1/p' <<< "$counters")
    failed=$(sed -n 's/.* failed="\([0-9]*\)".*/\1/p' <<< "$counters")
    local total executed
    total=$(sed -n 's/.* total="\([0-9]*\)".*/\1/p' <<< "$counters")
    executed=$(sed -n 's/.* executed="\([0-9]*\)".*/\1/p' <<< "$counters")
    skipped=$((total - executed))
    failed=$((executed - passed))
    if [ "$failed" -gt 0 ]; then
        grep -vE '^\s*$' "$log" | tail -150
    fi
    if [ "$skipped" -gt 0 ]; then
        say "skipped in $project:"
        # A result element, its name, and the first line of its message.
        tr '\n' ' ' < "$trx" | grep -oE '<UnitTestResult [^>]*outcome="NotExecuted"[^>]*>( *<Output>.{0,2000}<Message>[^<]{0,300})?' \
            | sed -E 's/.*testName="([^"]*)"[^>]*>(.*<Message>)?/    \1: /' || true
    fi
    # A runner that died (a crash of the process under test) leaves fewer results than tests and says so in its log.
    if grep -qE 'Test Run Aborted|test host process crashed' "$log"; then
        say "$project: the test host crashed"; tail -40 "$log"; FAILED=$((FAILED + 1))
    fi
    say "$project: $passed passed, $failed failed, $skipped skipped"
    PASSED=$((PASSED + passed)); FAILED=$((FAILED + failed)); SKIPPED=$((SKIPPED + skipped))
}

run_tests() {
    build_tests
    mkdir -p "$ARTIFACTS/results"
    step "native tests: plain, under the address and undefined-behaviour sanitizers, under the thread sanitizer"
    native_suite "$ARTIFACTS/native" native
    local sanitizer
    for sanitizer in address thread; do
        build_native Debug "$ARTIFACTS/native-$sanitizer" -DCHRONO_SANITIZE=$sanitizer
        native_suite "$ARTIFACTS/native-$sanitizer" "native-$sanitizer"
    done
    local project
    for project in ChronoLog.Tests.Unit ChronoLog.Tests.Simulation ChronoLog.Tests.Cluster; do
        step "$project"
        managed_suite "$project"
    done
    say ""
    local line="$PASSED passed, $FAILED failed"
    [ "$SKIPPED" -eq 0 ] || line="$line, $SKIPPED skipped"
    say "$line"
    [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}

help() {
    cat <<'TEXT'
usage: ./build.sh COMMAND

    build                   native libraries (Fortran's where there is a compiler), the NativeAOT executable artifacts/bin/chronolog
    demo [ARGUMENTS]        builds, then records, archives and replays real data of this machine on a private deployment
    test                    builds, then runs every test; the last line is the total
    bench [ARGUMENTS]       builds, then measures ingestion, drain, archive and replay beside the machine's raw limits
    pack                    builds, then makes the NuGet packages in artifacts/packages
    install --prefix DIR    builds, then installs bin, lib, include, share ($DESTDIR is put before DIR)
    uninstall --prefix DIR  removes what was installed there
    clean                   removes artifacts/
    help                    this text

Missing Debian packages are installed when run by root; otherwise the command to install them is printed.
TEXT
}

. cmake/install.sh

mkdir -p "$ARTIFACTS"
case ${1:-help} in
    build) build ;;
    test) run_tests ;;
    demo) shift; build; exec "$ARTIFACTS/bin/chronolog" demo "$@" ;;
    bench) shift; build_tests; exec bench/run.sh "$@" ;;
    pack) build; pack; say "packages are in artifacts/packages" ;;
    install) shift; install_prefix "$@" ;;
    uninstall) shift; uninstall_prefix "$@" ;;
    clean) rm -rf "$ARTIFACTS" ;;
    help | -h | --help) help ;;
    *) help >&2; exit 2 ;;
esac
