#!/usr/bin/env bash
# tests/interop/consumer_groups.sh [java] [python] [tool] [answers]: consumer groups (KIP-848) before judges that we did not write.
# java: the Java client, migration between protocols included; python: librdkafka; tool: kafka-consumer-groups; answers: the
# answers of Apache Kafka 4.4 to the same requests (consumer_heartbeats.py). `BOOTSTRAP=host:port` takes a broker that runs already.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
broker=""
. "$here/apache_kafka.sh"
trap '[ -n "$broker" ] && kill "$broker" 2>/dev/null; [ -e "$work/kafka/pid" ] && kafka_stop "$work/kafka"; rm -rf "$work"' EXIT
if [ -z "${BOOTSTRAP:-}" ]; then   # a killed member is missed within seconds
  "$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 \
    --override group.consumer.session.timeout.ms=8000 --override group.consumer.min.session.timeout.ms=6000 >"$work/ready" 2>"$work/log" &
  broker=$!
  for _ in $(seq 100); do grep -q ready "$work/ready" && break; sleep 0.05; done
  BOOTSTRAP=$(grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1)
fi
failed=0
report() { if [ "$2" -eq 0 ]; then echo "$1: passed"; else echo "$1: FAILED"; failed=1; tail -30 "$work/$1.out"; fi; }
for judge in "${@:-java python tool answers}"; do for j in $judge; do case $j in
  java)
    kafka_build || continue
    timeout 600 java -cp "$kafka_classpath" interop.ConsumerCheck "$BOOTSTRAP" >"$work/java.out" 2>&1; report java $? ;;
  python)
    command -v python3 >/dev/null || { echo "python: skipped, no python3"; continue; }
    [ -d "$root/build/interop-python" ] || { python3 -m venv "$root/build/interop-python" && "$root/build/interop-python/bin/pip" -q install confluent-kafka; } || { echo "python: skipped, no confluent-kafka"; continue; }
    timeout 150 "$root/build/interop-python/bin/python" "$here/python/consumer_group_check.py" "$BOOTSTRAP" >"$work/python.out" 2>&1; report python $? ;;
  tool)   # what the Java judge left behind is listed, described, reset and deleted
    kafka_build || continue
    groups() { kafka_tool org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server "$BOOTSTRAP" --timeout 60000 "$@"; }
    { kafka_tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$BOOTSTRAP" --create --topic tool-topic --partitions 3
      java -cp "$kafka_classpath" interop.ConsumerCheck "$BOOTSTRAP" tool-group tool-topic >"$work/member" 2>&1 & member=$!
      for _ in $(seq 120); do grep -q assigned "$work/member" && break; sleep 0.5; done
      groups --list --state --type && groups --describe --group tool-group --members --verbose && groups --describe --group tool-group --state
      kill -9 "$member"; sleep 12   # its session ends
      groups --reset-offsets --to-earliest --topic tool-topic --group tool-group --execute && groups --describe --group tool-group && groups --delete --group tool-group
    } >"$work/tool.out" 2>&1
    grep -qE 'tool-group +Consumer +Stable' "$work/tool.out" && grep -q 'tool-topic:0,1,2' "$work/tool.out" &&
      grep -q "Deletion of requested consumer groups ('tool-group') was successful" "$work/tool.out"; report tool $? ;;
  answers)
    kafka_build || continue
    kafka_start "$work/kafka" 39092 || { echo "answers: skipped, Apache Kafka does not start"; continue; }
    timeout 300 python3 "$here/consumer_heartbeats.py" 127.0.0.1:39092 "$BOOTSTRAP" >"$work/answers.out" 2>&1; report answers $? ;;
esac; done; done
exit $failed
