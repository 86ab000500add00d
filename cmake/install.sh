# Sourced by build.sh, in the repository's root: what `./build.sh install` and `./build.sh pack` do. $ARTIFACTS is built.
# Every installed file finds the others from its own place, so the whole may be moved.
VERSION=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
# In the order in which they depend on each other.
PACKABLE=(interop/ChronoLog.Interop managed/ChronoLog.Core managed/ChronoLog.Transport managed/ChronoLog.Client
    managed/ChronoLog.Extensions.Logging)

install_programs() {
    local prefix=$1
    install -d "$prefix/bin" "$prefix/lib" "$prefix/share/doc/chronolog"
    install -m 755 "$ARTIFACTS/bin/chronolog" "$prefix/bin/"
    install -m 644 "$ARTIFACTS/bin/libe_sqlite3.so" "$prefix/lib/"
    cp -P "$ARTIFACTS"/bin/chrono-* "$prefix/bin/"
    local bench
    for bench in "$ARTIFACTS"/bin/chronolog-bench*; do # one per MPI; none where there is none
        [ ! -e "$bench" ] || install -m 755 "$bench" "$prefix/bin/"
    done
    install -m 644 README.md LICENSE managed/ChronoLog.Store/ARCHIVE-FORMAT.md "$prefix/share/doc/chronolog/"
    ln -sfn ../lib/libe_sqlite3.so "$prefix/bin/libe_sqlite3.so"
}

install_clients() {
    local prefix=$1 python=$1/lib/python3/site-packages
    install -d "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/ChronoLog" "$python/chronolog"
    install -m 755 "$ARTIFACTS/lib/libchronolog.so.1" "$ARTIFACTS/lib/libchronolog_managed.so" \
        "$ARTIFACTS/lib/libchrono_native.so" "$prefix/lib/"
    ln -sfn libchronolog.so.1 "$prefix/lib/libchronolog.so"
    install -m 644 interop/ChronoLog.Abi/include/* "$prefix/include/"
    install -m 644 cmake/chronolog.pc "$prefix/lib/pkgconfig/"
    install -m 644 cmake/ChronoLogConfig.cmake cmake/ChronoLogConfigVersion.cmake "$prefix/lib/cmake/ChronoLog/"
    install -m 644 interop/ChronoLog.Abi/python/chronolog/*.py interop/ChronoLog.Abi/python/chronolog/py.typed "$python/chronolog/"
    install -m 644 interop/ChronoLog.Abi/python/py_chronolog_client.py "$python/"
}

# The source always, for other compilers; the module and its library as they were built, if they were.
install_fortran() {
    local prefix=$1
    install -d "$prefix/share/chronolog/fortran"
    install -m 644 interop/ChronoLog.Abi/fortran/*.f90 interop/ChronoLog.Abi/fortran/*.inc "$prefix/share/chronolog/fortran/"
    if [ ! -e "$ARTIFACTS/lib/libchronolog_fortran.so.1" ]; then
        say "the Fortran module was not built (no Fortran compiler): only its source is installed"
        return
    fi
    install -d "$prefix/include/chronolog-fortran"
    install -m 644 "$ARTIFACTS"/fortran/*.mod "$prefix/include/chronolog-fortran/"
    install -m 755 "$ARTIFACTS/lib/libchronolog_fortran.so.1" "$prefix/lib/"
    install -m 644 "$ARTIFACTS/lib/libchronolog_fortran.a" "$prefix/lib/"
    ln -sfn libchronolog_fortran.so.1 "$prefix/lib/libchronolog_fortran.so"
    install -m 644 cmake/chronolog-fortran.pc "$prefix/lib/pkgconfig/"
}

# Pages and completion come from the executable's own table of commands and from the header: they cannot go stale.
install_manual() {
    local prefix=$1 man=$1/share/man
    install -d "$man/man1" "$man/man3" "$prefix/share/bash-completion/completions"
    "$prefix/bin/chronolog" manual "$man/man1"
    awk -f cmake/man3.awk -v directory="$man/man3" -v version="$VERSION" interop/ChronoLog.Abi/include/chronolog.h
    "$prefix/bin/chronolog" completion bash > "$prefix/share/bash-completion/completions/chronolog"
    local link
    for link in "$prefix"/bin/chrono-*; do
        ln -sfn chronolog "$prefix/share/bash-completion/completions/${link##*/}"
    done
    if [ -e "$prefix/bin/chronolog-bench" ]; then
        help_page chronolog-bench "$prefix/bin/chronolog-bench" > "$man/man1/chronolog-bench.1"
    fi
}

# The manual page of a program of ours that only has --help: its text as it is.
help_page() {
    printf '.TH %s 1 "" "ChronoLog %s" "ChronoLog"\n.SH NAME\n%s \\- see below\n.SH DESCRIPTION\n.nf\n' "${1^^}" "$VERSION" "$1"
    "$2" --help 2>&1 | sed -e 's/\\/\\e/g; s/-/\\-/g' -e "s/^[.']/\\\\\&&/"
    printf '.fi\n.SH SEE ALSO\n\\fBchronolog\\fR(1)\n'
}

install_system() {
    local prefix=$1
    install -d "$prefix/share/modulefiles/chronolog" "$prefix/share/chronolog/systemd"
    install -m 644 cmake/modulefiles/chronolog "$prefix/share/modulefiles/chronolog/$VERSION"
    install -m 644 cmake/modulefiles/chronolog.lua "$prefix/share/modulefiles/chronolog/$VERSION.lua"
    install -m 644 cmake/systemd/*.service "$prefix/share/chronolog/systemd/"
    install -m 755 cmake/systemd/install-units "$prefix/share/chronolog/systemd/"
}

# The NuGet packages into artifacts/packages: a folder that serves as a package source.
pack() {
    stale "$ARTIFACTS/stamp-packages" interop/ChronoLog.Interop managed Directory.Build.props Directory.Packages.props || return 0
    step "packing for NuGet"
    rm -rf "$ARTIFACTS/packages"
    local project
    for project in "${PACKABLE[@]}"; do
        dotnet pack "$project" -c Release -o "$ARTIFACTS/packages" -v q > "$ARTIFACTS/pack.log" 2>&1 \
            || { grep -E 'error|warning' "$ARTIFACTS/pack.log" | sort -u | head -20 >&2; die "packing failed; see artifacts/pack.log"; }
    done
    touch "$ARTIFACTS/stamp-packages"
}

install_packages_of_nuget() {
    local prefix=$1
    install -d "$prefix/share/chronolog/nuget"
    install -m 644 "$ARTIFACTS"/packages/*.nupkg "$prefix/share/chronolog/nuget/"
}

install_prefix() {
    local prefix=""
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix) prefix=${2:?--prefix needs a directory}; shift 2 ;;
            --prefix=*) prefix=${1#--prefix=}; shift ;;
            *) die "install: unknown option '$1'" ;;
        esac
    done
    [ -n "$prefix" ] || die "install needs --prefix DIR"
    build
    pack
    install_programs "$prefix"
    install_clients "$prefix"
    install_fortran "$prefix"
    install_manual "$prefix"
    install_system "$prefix"
    install_packages_of_nuget "$prefix"
    say "installed in $prefix"
}
