#!/usr/bin/env bash
# Measures. `bench/run.sh [end-to-end] [OPTIONS]`, `bench/run.sh micro [FILTERS]`, `bench/run.sh clock`,
# `bench/run.sh follow [OPTIONS]`, `bench/run.sh all`; see bench/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

OUT=artifacts/bench
PROJECT=bench/ChronoLog.Bench

mkdir -p "$OUT"
for program in floor limits; do
    if [ ! -x "$OUT/$program" ] || [ -n "$(find bench/raw -newer "$OUT/$program" -name '*.[ch]' -print -quit)" ]; then
        gcc -std=c11 -O2 -Wall -Wextra -Werror "bench/raw/$program.c" -o "$OUT/$program"
    fi
done

# Seconds when build.sh has built the solution before.
dotnet build "$PROJECT" -c Release -v q > "$OUT/build.log" 2>&1 || { tail -40 "$OUT/build.log" >&2; exit 1; }
bench() { dotnet run --project "$PROJECT" -c Release --no-build -- "$@"; }

case ${1:-} in
    micro | clock | follow) bench "$@" ;;
    all) shift; bench end-to-end "$@"; bench clock; bench micro ;;
    end-to-end) bench "$@" ;;
    *) bench end-to-end "$@" ;;
esac
