#!/usr/bin/env bash
# tests/interop/config_tables.sh: writes broker/config/kafka_configs.inc anew from Apache Kafka's own definitions (Maven). With
# --check it compares only. Needs a JDK 17 and Maven.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apache_kafka.sh"
kafka_build || exit 0
table="$here/../../broker/config/kafka_configs.inc"
if [ "${1:-}" = --check ]; then
  made=$(mktemp); trap 'rm -f "$made"' EXIT
  kafka_tool interop.ConfigTables "$made"
  diff "$table" "$made" && echo "kafka_configs.inc is what Kafka says"
else
  kafka_tool interop.ConfigTables "$table"
fi
