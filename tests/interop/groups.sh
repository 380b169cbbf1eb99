#!/usr/bin/env bash
# tests/interop/groups.sh [java] [python] [kafka-python] [go] [sarama] [kafkajs]: classic groups of real clients, with a rebalance, a killed member and static
# members (groups/judge.py), against build/release/bin/millrace broker. `--kafka`: against Apache Kafka 4.4, to know the judge. Each client is
# skipped with a line when its runtime is missing. `BOOTSTRAP=host:port` takes a broker that runs already; MODES="range cooperative static".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
broker=""
kafka=""
finish() {
  [ -n "$broker" ] && kill "$broker" 2>/dev/null
  [ -n "$kafka" ] && kafka_stop "$work/kafka"
  rm -rf "$work"
}
trap finish EXIT
. "$here/apache_kafka.sh"
if [ "${1:-}" = --kafka ]; then
  shift
  kafka_build || exit 0
  port=$((20000 + RANDOM % 10000))
  kafka=yes
  kafka_start "$work/kafka" "$port" || exit 1
  BOOTSTRAP=127.0.0.1:$port
elif [ -z "${BOOTSTRAP:-}" ]; then
  "$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 >"$work/ready" 2>"$work/log" &
  broker=$!
  for _ in $(seq 100); do grep -q ready "$work/ready" && break; sleep 0.05; done
  BOOTSTRAP=$(grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1)
fi
venv="$root/build/interop-python"
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 0; }
[ -d "$venv" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import confluent_kafka, kafka' 2>/dev/null || "$venv/bin/pip" -q install confluent-kafka kafka-python ||
  { echo "skipped: no confluent-kafka (the judge produces with it)"; exit 0; }
failed=0
judge() {   # NAME COMMAND...
  local name=$1
  shift
  for mode in ${MODES:-range cooperative static}; do
    if timeout 600 "$venv/bin/python" "$here/groups/judge.py" "$BOOTSTRAP" "$name" "$mode" "$@" >"$work/out" 2>&1; then
      echo "$name $mode: passed"
      [ -n "${VERBOSE:-}" ] && cat "$work/out"
    else
      echo "$name $mode: FAILED"
      cat "$work/out"
      failed=1
    fi
  done
}
modes_without() {
  for mode in ${MODES:-range cooperative static}; do
    case " $* " in *" $mode "*) ;; *) echo "$mode" ;; esac
  done
}
for client in "${@:-java python kafka-python go sarama kafkajs}"; do for c in $client; do case $c in
  java)
    kafka_build || continue
    [ -n "$(find "$here/java/src" -newer "$here/java/target/interop.jar" -name '*.java' 2>/dev/null)" ] && (cd "$here/java" && mvn -q -B package)
    judge java java -Xmx128m -XX:TieredStopAtLevel=1 -cp "$kafka_classpath" interop.GroupMember ;;
  python) judge python "$venv/bin/python" "$here/groups/member_confluent.py" ;;
  kafka-python) judge kafka-python "$venv/bin/python" "$here/groups/member_kafka_python.py" ;;
  go)
    command -v go >/dev/null || { echo "go: skipped, no go"; continue; }
    (cd "$here/go" && go build -o "$root/build/interop-go-member" ./group_member) 2>"$work/go.build" || { echo "go: skipped: $(tail -1 "$work/go.build")"; continue; }
    judge go "$root/build/interop-go-member" ;;
  sarama)   # no cooperative protocol
    command -v go >/dev/null || { echo "sarama: skipped, no go"; continue; }
    (cd "$here/go" && go build -o "$root/build/interop-go-sarama" ./sarama_member) 2>"$work/go.build" || { echo "sarama: skipped: $(tail -1 "$work/go.build")"; continue; }
    MODES=$(modes_without cooperative) judge sarama "$root/build/interop-go-sarama" ;;
  kafkajs)  # neither cooperative nor static
    command -v npm >/dev/null || { echo "kafkajs: skipped, no npm"; continue; }
    mkdir -p "$root/build/interop-node" && cp "$here/node/package.json" "$root/build/interop-node/"
    [ -d "$root/build/interop-node/node_modules/kafkajs" ] || (cd "$root/build/interop-node" && npm install --silent) >/dev/null 2>&1 ||
      { echo "kafkajs: skipped, npm fetched nothing"; continue; }
    MODES=$(modes_without cooperative static) NODE_PATH="$root/build/interop-node/node_modules" judge kafkajs node "$here/node/group_member.js" ;;
esac; done; done
exit $failed
