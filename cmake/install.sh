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
    local bench
    for bench in chronolog-bench chronolog-bench-fortran; do
        [ -e "$prefix/bin/$bench" ] || continue
        help_page "$bench" "$prefix/bin/$bench" > "$man/man1/$bench.1"
        help_completion "$bench" "$prefix/bin/$bench" > "$prefix/share/bash-completion/completions/$bench"
    done
}

# Of a program that only has --help: its manual page is that text as it is, ...
help_page() {
    local summary
    summary=$("$2" --help | sed -n '2{s/[.(].*//; s/ *$//; p; q}')
    printf '.TH %s 1 "" "ChronoLog %s" "ChronoLog"\n.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n.nf\n' "${1^^}" "$VERSION" "$1" "$summary"
    "$2" --help | sed -e 's/\\/\\e/g; s/-/\\-/g' -e "s/^[.']/\\\\\&&/"
    printf '.fi\n.SH SEE ALSO\n\\fBchronolog\\fR(1)\n'
}

# ... and its completion the options in it; files elsewhere.
help_completion() {
    local name=_${1//-/_} options
    options=$("$2" --help | grep -oE '(^|[ ;])--?[a-z][a-z-]*' | tr -d ' ;' | sort -u | tr '\n' ' ')
    cat <<END
# bash completion of $1, from its --help
$name() {
    if [[ \$2 == -* ]]; then COMPREPLY=(\$(compgen -W '${options% }' -- "\$2")); else COMPREPLY=(\$(compgen -f -- "\$2")); fi
}
complete -o filenames -F $name $1
END
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

# The directory of --prefix, absolute; a relative one is the caller's.
read_prefix() {
    local prefix=""
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix) prefix=${2:-}; shift; [ $# -eq 0 ] || shift ;;
            --prefix=*) prefix=${1#--prefix=}; shift ;;
            *) die "unknown option '$1'; it is --prefix DIR" ;;
        esac
    done
    case $prefix in
        "") die "--prefix DIR is needed" ;;
        /*) printf '%s' "$prefix" ;;
        *) printf '%s' "$CALLED_FROM/$prefix" ;;
    esac
}

# All files and links below a directory, relative to it.
files_below() { (cd "$1" && find . \( -type f -o -type l \) -printf '%P\n' | LC_ALL=C sort); }

# Where an installation says what belongs to it.
INSTALLED_FILES=share/chronolog/installed-files

# Removes the files of an installation that the list on standard input names, and directories that are empty then.
remove_files() {
    local root=$1 file
    while IFS= read -r file; do
        case /$file/ in */../*) die "$root/$INSTALLED_FILES names '$file'" ;; esac
        rm -f "$root/$file"
        (cd "$root" && rmdir -p --ignore-fail-on-non-empty "$(dirname "$file")" 2> /dev/null) || true
    done
}

# Made whole in artifacts/ first: an installation that fails half-way leaves the old one as it was. Others may read it, whatever
# the umask; a program that runs keeps its own copy, and what an older version had and this one has not is removed.
install_prefix() {
    local prefix stage=$ARTIFACTS/stage root
    prefix=$(read_prefix "$@")
    root=${DESTDIR:-}$prefix
    umask 022
    build
    pack
    rm -rf "$stage"
    install_programs "$stage"
    install_clients "$stage"
    install_fortran "$stage"
    install_manual "$stage"
    install_system "$stage"
    install_packages_of_nuget "$stage"
    files_below "$stage" > "$ARTIFACTS/installed-files"
    install -m 644 "$ARTIFACTS/installed-files" "$stage/$INSTALLED_FILES"
    mkdir -p "$root" || die "cannot install into $root"
    if [ -s "$root/$INSTALLED_FILES" ]; then
        LC_ALL=C sort "$root/$INSTALLED_FILES" | LC_ALL=C comm -23 - "$ARTIFACTS/installed-files" | remove_files "$root"
    fi
    # The files alone: directories that are there already, as those of /usr/local, stay as they are.
    tar -C "$stage" -cf - -T "$ARTIFACTS/installed-files" "$INSTALLED_FILES" | tar -C "$root" -xpf - --no-same-owner
    rm -rf "$stage"
    say "installed in $root"
}

uninstall_prefix() {
    local prefix root
    prefix=$(read_prefix "$@")
    root=${DESTDIR:-}$prefix
    [ -s "$root/$INSTALLED_FILES" ] || die "$root has no $INSTALLED_FILES: nothing was installed there by this script"
    { cat "$root/$INSTALLED_FILES"; printf '%s\n' "$INSTALLED_FILES"; } > "$ARTIFACTS/installed-files"
    remove_files "$root" < "$ARTIFACTS/installed-files"
    rmdir --ignore-fail-on-non-empty "$root" 2> /dev/null || true
    say "removed from $root"
}
