#!/usr/bin/env bash
# tests/interop/tools.sh: Kafka's own command-line tools (Maven) with the commands of tools.txt against Apache Kafka 4.4 and against
# build/release/bin/millrace broker; what they print is compared, ids, times and sizes aside (tools.sed). tools_expected.diff holds the
# differences that are meant; anything else fails. `--keep` leaves what both printed in build/interop-tools.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/apache_kafka.sh"
kafka_build || exit 0
work=$(mktemp -d)
broker=""
trap 'kafka_stop "$work/kafka"; [ -n "$broker" ] && kill "$broker" 2>/dev/null; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 10000))
kafka_start "$work/kafka" "$port" || exit 1
"$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 \
  --override log.retention.hours=-1 --override offsets.topic.num.partitions=4 --override transaction.state.log.num.partitions=4 \
  >"$work/ready" 2>"$work/log" &
broker=$!
for _ in $(seq 100); do grep -q ready "$work/ready" && break; sleep 0.05; done
ours=$(grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1)

echo '{"partitions":[{"topic":"conf","partition":0,"offset":1}],"version":1}' >"$work/delete-records.json"
echo '{"topics":[{"topic":"one"}],"version":1}' >"$work/topics-to-move.json"
echo '{"version":1,"partitions":[{"topic":"one","partition":0,"replicas":[1]}]}' >"$work/reassign.json"
sed "s|@|$work/|" "$here/tools.txt" >"$work/commands"
# What each broker calls itself, and what no two runs have in common.
run() {
  kafka_tool interop.Tools "$1" "$work/commands" 2>&1 |
    sed -E -f "$here/tools.sed" -e "s|$work/kafka/data|DIR|g; s|$work/data|DIR|g; s|$work/|@|g; s|$1|BROKER|g; s|:${1##*:}\b|:PORT|g"
}
run "127.0.0.1:$port" >"$work/kafka.txt"
run "$ours" >"$work/millrace.txt"
if [ "${1:-}" = --keep ]; then mkdir -p "$root/build/interop-tools"; cp "$work"/*.txt "$root/build/interop-tools/"; fi
diff -U0 "$work/kafka.txt" "$work/millrace.txt" | grep -vE '^(---|\+\+\+|@@)' >"$work/differences"
if diff "$here/tools_expected.diff" "$work/differences"; then
  echo "$(grep -c '^\$ ' "$work/kafka.txt") commands print the same, but for $(grep -c . "$here/tools_expected.diff") lines that are meant"
else
  exit 1
fi
