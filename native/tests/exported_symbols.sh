#!/bin/sh
# exported_symbols.sh HEADER LIBRARY: every function that the header declares is exported, and nothing else, each with the
# interface's version; the library says its soname, and is never unloaded.
set -eu
declared=$(sed -n 's/^CHRONOLOG_API .*[ *]\(chronolog_[a-z_]*\)(.*/\1/p' "$1" | sort)
exported=$(nm -D --defined-only "$2" | sed -n 's/^[0-9a-f]* [^A] //p' | sort)
[ -n "$declared" ]
expected=$(printf '%s\n' "$declared" | sed 's/$/@@CHRONOLOG_1/')
if [ "$expected" != "$exported" ]; then
    printf 'declared:\n%s\nexported:\n%s\n' "$expected" "$exported"
    exit 1
fi
for fact in 'soname: \[libchronolog.so.1\]' 'runpath: \[$ORIGIN\]' 'NEEDED.*\[libchrono_native.so\]' 'NODELETE'; do
    if ! readelf -d "$2" | grep -q "$fact"; then
        printf '%s lacks %s\n' "$2" "$fact"
        exit 1
    fi
done
