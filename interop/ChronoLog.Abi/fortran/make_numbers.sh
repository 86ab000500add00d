#!/bin/sh
# Prints log_numbers.inc. Fortran has no generic programming: a specific procedure per type and rank, from one pattern.
set -eu
echo "    ! Made by make_numbers.sh: what differs in type and rank only."
for entry in "int8 integer(int8)" "int16 integer(int16)" "int32 integer(int32)" "int64 integer(int64)" \
    "real32 real(real32)" "real64 real(real64)" "complex32 complex(real32)" "complex64 complex(real64)"; do
    name=${entry%% *} type=${entry#* } shape="" body=log_scalar contiguous=""
    for rank in 0 1 2 3 4 5 6 7; do
        printf '\n    subroutine log_%s_%s(this, values, tick, stat, errmsg, at_tick)\n' "$name" "$rank"
        printf "        %s, intent(in)%s, target :: values%s\n        include '%s.inc'\n    end subroutine\n" \
            "$type" "$contiguous" "${shape:+($shape)}" "$body"
        shape="$shape${shape:+, }:" body=log_array contiguous=", contiguous"
    done
    case $name in int16 | complex*) continue ;; esac
    printf '\n    subroutine batch_%s(this, records, ticks, logged, stat, errmsg)\n' "$name"
    printf "        %s, intent(in), contiguous, target :: records(:, :)\n        include 'log_columns.inc'\n    end subroutine\n" "$type"
done
