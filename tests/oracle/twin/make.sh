#!/usr/bin/env bash
# Makes tests/golden/oracle again: the inputs (scripts.py) and what Apache Kafka Streams 4.4.0 makes of them. Needs a JDK 17
# and Maven; the everyday tests do not.
set -euo pipefail
cd "$(dirname "$0")"
mvn -q -B package
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 scripts.py "$work"
java -cp "target/oracle-twin.jar:target/lib/*" org.apache.kafka.streams.Oracle all "$work" | gzip -9n > ../../golden/oracle/expected.txt.gz
for script in "$work"/*.txt; do
  echo "APP $(basename "$script" .txt)"
  cat "$script"
done | gzip -9n > ../../golden/oracle/scripts.txt.gz
