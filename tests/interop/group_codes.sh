#!/usr/bin/env bash
# tests/interop/group_codes.sh: the requests of classic groups and of the group admin calls, at every version, to Apache Kafka 4.4 and to
# build/release/bin/millrace broker (groups/codes.py); what differs is printed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/apache_kafka.sh"
kafka_build || exit 0
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 0; }
work=$(mktemp -d)
broker=""
trap 'kafka_stop "$work/kafka"; [ -n "$broker" ] && kill "$broker" 2>/dev/null; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 10000))
KAFKA_PROPERTIES=group.initial.rebalance.delay.ms=0 kafka_start "$work/kafka" "$port" || exit 1
"$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 \
  --override group.initial.rebalance.delay.ms=0 --override offsets.topic.num.partitions=4 >"$work/ready" 2>"$work/log" &
broker=$!
for _ in $(seq 100); do grep -q ready "$work/ready" && break; sleep 0.05; done
ours=$(grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1)
python3 "$here/groups/codes.py" "$root/build/release/bin/millrace" "127.0.0.1:$port" "$ours"
