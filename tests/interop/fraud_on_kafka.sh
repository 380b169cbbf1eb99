#!/usr/bin/env bash
# The fraud example, unchanged, exactly once, on Apache Kafka 4.4: two instances share the tasks. Its committed output must be
# what its Kafka Streams twin makes (tests/golden/fraud).
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/interop/apache_kafka.sh
kafka_build || exit 0
work=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
bin=build/release/bin
trap 'kill $(jobs -p) 2>/dev/null; kafka_stop "$work/kafka"; rm -rf "$work"' EXIT
kafka_start "$work/kafka" "$port" || { echo "FAILED: Apache Kafka did not start"; exit 1; }
for topic in payments customers alerts enriched category-counts; do
  kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$port" --create --topic "$topic" --partitions 4 >/dev/null 2>&1
done
"$bin/fraud" feed --bootstrap-server "127.0.0.1:$port" >"$work/feed.log" 2>&1 || { echo "FAILED: feed"; tail -3 "$work/feed.log"; exit 1; }
for instance in 1 2; do
  "$bin/fraud" --bootstrap-server "127.0.0.1:$port" --application-id fraud --instance "$instance" --state-dir "$work/state$instance" \
    --processing-guarantee exactly_once_v2 --until-end >"$work/out$instance" 2>"$work/log$instance" &
done
wait %2 %3
for instance in 1 2; do tail -2 "$work/out$instance"; done
tests/interop/check_fraud.py "127.0.0.1:$port"
