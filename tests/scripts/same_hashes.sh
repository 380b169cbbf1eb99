#!/bin/sh
# One seed is one history: its trace hash must be equal in every process and at every optimisation level.
#   same_hashes.sh SIMULATE [OTHER_SIMULATE] [SEEDS]    SEEDS: 1..3 unless given
# Without another program the same one runs twice, the second time with other addresses, environment and fresh memory.
set -eu
first=$1
second=${2:-$1}
seeds=${3:-1..3}
one=$("$first" --seeds "$seeds" --hashes | grep '^seed ')
two=$(MALLOC_PERTURB_=165 MALLOC_ARENA_MAX=1 MILLRACE_NOTHING=$(head -c 3000 /dev/zero | tr '\0' x) TZ=Asia/Kolkata LC_ALL=C \
    "$second" --seeds "$seeds" --hashes | grep '^seed ')
if [ "$one" != "$two" ] || [ -z "$one" ]; then
    printf 'hashes differ:\n%s\n---\n%s\n' "$one" "$two"
    exit 1
fi
printf '%s\n' "$one"
