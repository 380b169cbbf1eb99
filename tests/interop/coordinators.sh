#!/usr/bin/env bash
# tests/interop/coordinators.sh: the same requests of transactions and of streams groups to Apache Kafka 4.4 and to
# build/release/bin/millrace broker; what differs is printed. Expected differences, each meant:
#   InitProducerId with an epoch that nobody was given, while a transaction is open: we fence at once and leave the live
#     transaction alone; Kafka 4.4 aborts it first.
#   Commit one epoch behind in CompleteAbort (it met a timeout): ProducerFenced, as Kafka's trunk since KAFKA-20785.
#   A heartbeat that owns other tasks than it is assigned is told its tasks again; Kafka leaves them out.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/apache_kafka.sh"
kafka_build || exit 0
work=$(mktemp -d)
trap 'kafka_stop "$work/kafka"; kill "$broker" 2>/dev/null; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 10000))
kafka_start "$work/kafka" "$port" || exit 1
"$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 >"$work/ready" 2>"$work/log" &
broker=$!
for _ in $(seq 100); do grep -q ready "$work/ready" && break; sleep 0.05; done
ours=$(grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1)
python3 "$here/transaction_codes.py" "127.0.0.1:$port" "$ours"
python3 "$here/streams_heartbeats.py" "127.0.0.1:$port" "$ours"
