# Sourced. Apache Kafka 4.4 from Maven Central as a judge: `kafka_build`, `kafka_start DIR PORT`, `kafka_stop DIR`,
# `kafka_tool CLASS ARGS...`. Needs a JDK 17 and Maven.
interop_java=$(cd "$(dirname "${BASH_SOURCE[0]}")/java" && pwd)
kafka_classpath="$interop_java/target/interop.jar:$interop_java/target/lib/*"

kafka_build() {
  command -v java >/dev/null && command -v mvn >/dev/null || { echo "skipped: no JDK or no Maven"; return 1; }
  [ -f "$interop_java/target/interop.jar" ] || (cd "$interop_java" && mvn -q -B package)
}

kafka_tool() { java -Xmx512m -cp "$kafka_classpath" "$@"; }

# One combined node on loopback: broker on PORT, controller on PORT + 1.
kafka_start() {
  local dir=$1 port=$2
  mkdir -p "$dir"
  printf '%s\n' process.roles=broker,controller node.id=1 "controller.quorum.voters=1@127.0.0.1:$((port + 1))" \
    "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))" \
    "advertised.listeners=PLAINTEXT://127.0.0.1:$port" controller.listener.names=CONTROLLER "log.dirs=$dir/data" \
    offsets.topic.replication.factor=1 offsets.topic.num.partitions=4 transaction.state.log.replication.factor=1 \
    transaction.state.log.min.isr=1 transaction.state.log.num.partitions=4 log.retention.hours=-1 \
    group.streams.initial.rebalance.delay.ms=0 ${KAFKA_PROPERTIES:-} >"$dir/server.properties"
  [ -e "$dir/data/meta.properties" ] ||
    kafka_tool kafka.tools.StorageTool format -t 3Db5QLSqSZieL3rJBUUegA -c "$dir/server.properties" >"$dir/format.log" 2>&1
  java -Xmx1g -cp "$kafka_classpath" kafka.Kafka "$dir/server.properties" >"$dir/server.log" 2>&1 &
  echo $! >"$dir/pid"
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || { tail -5 "$dir/server.log"; return 1; }
    sleep 0.2
  done
  return 1
}

kafka_stop() {
  kill "$(cat "$1/pid")" 2>/dev/null
  wait "$(cat "$1/pid")" 2>/dev/null
}
