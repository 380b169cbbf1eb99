#!/usr/bin/env bash
# tests/interop/clients.sh [java] [streams] [python] [go]: real clients against build/release/bin/millrace broker. Each is skipped with a
# line when its runtime is missing. `BOOTSTRAP=host:port` takes a broker that runs already (Apache Kafka, say).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
broker=""
trap '[ -n "$broker" ] && kill "$broker" 2>/dev/null; rm -rf "$work"' EXIT
if [ -z "${BOOTSTRAP:-}" ]; then
  "$root/build/release/bin/millrace" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 >"$work/ready" 2>"$work/log" &
  broker=$!
  for _ in $(seq 100); do grep -q ready "$work/ready" && break; sleep 0.05; done
  BOOTSTRAP=$(grep -oE '[0-9.]+:[0-9]+' "$work/ready" | head -1)
fi
failed=0
report() { if [ "$2" -eq 0 ]; then echo "$1: passed"; else echo "$1: FAILED"; failed=1; tail -30 "$work/$1.out"; fi; }
for client in "${@:-java streams python go}"; do for c in $client; do case $c in
  java)
    command -v mvn >/dev/null && command -v java >/dev/null || { echo "java: skipped, no JDK or Maven"; continue; }
    [ -f "$here/java/target/interop.jar" ] || (cd "$here/java" && mvn -q -B package) || { echo "java: skipped, Maven fetched nothing"; continue; }
    timeout 120 java -cp "$here/java/target/interop.jar:$here/java/target/lib/*" interop.ClientCheck "$BOOTSTRAP" >"$work/java.out" 2>&1; report java $? ;;
  streams)   # Kafka Streams itself, streams protocol, exactly once: two instances share tasks, one goes, one comes
    command -v mvn >/dev/null && command -v java >/dev/null || { echo "streams: skipped, no JDK or Maven"; continue; }
    ls "$here"/java/target/lib/kafka-streams-*.jar >/dev/null 2>&1 || (cd "$here/java" && mvn -q -B package) || { echo "streams: skipped, Maven fetched nothing"; continue; }
    timeout 300 java -cp "$here/java/target/interop.jar:$here/java/target/lib/*" interop.StreamsCheck "$BOOTSTRAP" >"$work/streams.out" 2>&1; report streams $? ;;
  python)
    command -v python3 >/dev/null || { echo "python: skipped, no python3"; continue; }
    [ -d "$root/build/interop-python" ] || { python3 -m venv "$root/build/interop-python" && "$root/build/interop-python/bin/pip" -q install confluent-kafka; } || { echo "python: skipped, no confluent-kafka"; continue; }
    timeout 120 "$root/build/interop-python/bin/python" "$here/python/client_check.py" "$BOOTSTRAP" >"$work/python.out" 2>&1; report python $? ;;
  go)
    command -v go >/dev/null || { echo "go: skipped, no go"; continue; }
    (cd "$here/go" && go build -o "$root/build/interop-go" .) 2>"$work/go.build" || { echo "go: skipped: $(tail -1 "$work/go.build")"; continue; }
    timeout 120 "$root/build/interop-go" "$BOOTSTRAP" >"$work/go.out" 2>&1; report go $? ;;
esac; done; done
exit $failed
