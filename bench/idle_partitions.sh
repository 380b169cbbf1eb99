#!/usr/bin/env bash
# bench/idle_partitions.sh [PARTITIONS]: what idle partitions cost (10,000 by default, of ten topics, one record in each of 1,000 of
# them): memory, and the time from the start to "ready" after a clean stop and after a kill. Goals: 120 MiB, 1 s, 10 s. Needs a JDK and Maven (Kafka's
# kafka-topics makes the topics) and kcat.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/interop/apache_kafka.sh"
kafka_build || exit 0
partitions=${1:-10000}
work=$(mktemp -d) broker=''
trap '[ -n "$broker" ] && kill -9 "$broker" 2>/dev/null; rm -rf "$work"' EXIT
start() {
  local begun=$(date +%s%N)
  "$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 \
    --override "millrace.partitions.max=$((partitions * 2))" >"$work/ready" 2>>"$work/log" &
  broker=$!
  for _ in $(seq 3000); do
    grep -q ready "$work/ready" && { echo "$1: ready after $((($(date +%s%N) - begun) / 1000000)) ms, $(memory) MiB"; return; }
    kill -0 "$broker" 2>/dev/null || break
    sleep 0.01
  done
  echo "FAILED: $1"; tail -3 "$work/log"; exit 1
}
memory() { awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$broker/status"; }
address() { grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1; }
start "empty"
for t in $(seq 10); do
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$(address)" --create --topic "idle-$t" \
    --partitions $((partitions / 10)) --replication-factor 1 >/dev/null || exit 1
done
for p in $(seq 0 999); do echo "k$p:v"; done | kcat -b "$(address)" -P -t idle-1 -K: -X partitioner=murmur2_random 2>/dev/null
sleep 6   # a checkpoint
echo "$partitions partitions: $(memory) MiB"
before=$(awk '{print $14 + $15}' "/proc/$broker/stat"); sleep 10; after=$(awk '{print $14 + $15}' "/proc/$broker/stat")
echo "idle: $((after - before)) ms of CPU in 1,000 ms"   # ticks of 10 ms over 10 s
kill "$broker"; wait "$broker"
start "after a clean stop"
sleep 1; kill -9 "$broker"; wait "$broker" 2>/dev/null
start "after a kill"
