#!/usr/bin/env bash
# tests/interop/swap.sh [ours|kafka]: a data directory changes hands between Millrace and Apache Kafka 4.4, after clean stops, twice in
# a row; the first owner is one or the other (both by default). After each change a Java client sees what it saw before (topics and their ids, configs, records with
# both isolation levels, ListOffsets, committed offsets, features), kcat reads the same bytes, an idempotent producer and an open transaction of a client that outlived the broker go
# on, and DumpLogSegments reads every file. About three minutes. KEEP=DIR keeps what it made there.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/apache_kafka.sh"
kafka_build || exit 0
[ "$interop_java/target/interop.jar" -nt "$interop_java/src/main/java/interop/SwapCheck.java" ] || (cd "$interop_java" && mvn -q -B -o package || mvn -q -B package) || exit 1
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
export BASE_MS=$(($(date +%s) * 1000 - 3600000))
failed=0 broker='' live='' dir='' port=0
stop_all() {
  [ -n "$live" ] && kill "$live" 2>/dev/null
  [ -n "$broker" ] && kill "$broker" 2>/dev/null
  [ -n "$dir" ] && [ -f "$dir/pid" ] && kafka_stop "$dir"
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap stop_all EXIT
fail() { echo "FAILED: $1"; failed=1; }

# Both run with the same file.
properties() {
  mkdir -p "$dir"
  printf '%s\n' process.roles=broker,controller node.id=1 "controller.quorum.voters=1@127.0.0.1:$((port + 1))" \
    "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))" \
    "advertised.listeners=PLAINTEXT://127.0.0.1:$port" controller.listener.names=CONTROLLER "log.dirs=$dir/data" \
    listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT \
    offsets.topic.replication.factor=1 offsets.topic.num.partitions=4 transaction.state.log.replication.factor=1 \
    transaction.state.log.min.isr=1 transaction.state.log.num.partitions=4 log.retention.hours=-1 \
    group.initial.rebalance.delay.ms=0 log.cleaner.backoff.ms=500 >"$dir/server.properties"
}
start() {  # ours|kafka
  if [ "$1" = ours ]; then
    "$root/build/release/bin/millrace" broker "$dir/server.properties" >"$dir/ready" 2>>"$dir/ours.log" &
    broker=$!
    for _ in $(seq 200); do
      grep -q ready "$dir/ready" && return 0
      kill -0 "$broker" 2>/dev/null || break
      sleep 0.05
    done
    echo "ours did not start"; tail -5 "$dir/ours.log"; broker=''; return 1
  fi
  [ -e "$dir/data/meta.properties" ] ||
    kafka_tool kafka.tools.StorageTool format -t 3Db5QLSqSZieL3rJBUUegA -c "$dir/server.properties" >"$dir/format.log" 2>&1
  java -Xmx512m -cp "$kafka_classpath" kafka.Kafka "$dir/server.properties" >>"$dir/server.log" 2>&1 &
  echo $! >"$dir/pid"
  for _ in $(seq 300); do
    kcat -b "127.0.0.1:$port" -L >/dev/null 2>&1 && return 0
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    sleep 0.2
  done
  echo "Kafka did not start"; grep -E "ERROR|Exception" "$dir/server.log" | head; rm -f "$dir/pid"; return 1
}
stop() {
  if [ "$1" = ours ]; then
    kill "$broker"; wait "$broker" || fail "ours did not stop cleanly: $(tail -1 "$dir/ours.log")"; broker=''
  else
    kafka_stop "$dir"; rm -f "$dir/pid"
  fi
  [ -e "$dir/data/.kafka_cleanshutdown" ] || fail "$1 left no .kafka_cleanshutdown"
}
check() { kafka_tool interop.SwapCheck "$@" || fail "SwapCheck $1"; }
kcat_all() {
  for topic in plain/0 plain/1 txn/0 txn/1 compacted/0 trimmed/0; do
    for isolation in read_committed read_uncommitted; do
      echo "$topic $isolation $(kcat -b "127.0.0.1:$port" -C -t "${topic%/*}" -p "${topic#*/}" -o beginning -e -q -X "isolation.level=$isolation" -f '%o %T %k %s\n' | cksum)"
    done
  done
}
step() { echo "${2:-go}" >"$dir/step-$1"; }
done_() {
  for _ in $(seq 600); do [ -e "$dir/done-$1" ] && return 0; kill -0 "$live" 2>/dev/null || break; sleep 0.1; done
  fail "the producers that live on did not get through step $1: $(tail -3 "$dir/live.log")"
}

run() {  # first owner, then the others
  port=$((20000 + RANDOM % 10000)) dir=$work/$1-first
  properties
  local n=0 owner
  for owner in "$@"; do
    echo "== $owner owns the directory ($n)"
    start "$owner" || { fail "start of $owner"; return; }
    if [ $n -gt 0 ]; then
      check dump "127.0.0.1:$port" "$dir/after-$n" && kcat_all >"$dir/kcat-after-$n"
      diff "$dir/before-$n" "$dir/after-$n" >"$dir/diff-$n" && echo "ok  $(wc -l <"$dir/after-$n") lines are the same" ||
        { fail "what a Java client sees differs:"; head -${LINES_SHOWN:-15} "$dir/diff-$n"; }
      diff "$dir/kcat-before-$n" "$dir/kcat-after-$n" && echo "ok  kcat reads the same" || fail "what kcat reads differs"
    else
      kafka_tool interop.SwapCheck live "127.0.0.1:$port" "$dir" >"$dir/live.log" 2>&1 &
      live=$!
    fi
    step $n; done_ $n
    check fill "127.0.0.1:$port" $n
    sleep 8   # segments are synced, and compacted
    n=$((n + 1))
    check dump "127.0.0.1:$port" "$dir/before-$n" && kcat_all >"$dir/kcat-before-$n"
    stop "$owner"
    "$here/dump_log_segments.sh" "$dir/data" || fail "DumpLogSegments"
  done
  kill "$live" 2>/dev/null; live=''
}

[ "${1:-}" = kafka ] || run ours kafka ours kafka
[ "${1:-}" = ours ] || run kafka ours kafka ours
[ $failed -eq 0 ] && echo "passed" || { echo "FAILED"; exit 1; }
