#!/usr/bin/env bash
# tests/interop/dump_log_segments.sh DIR: Kafka's own DumpLogSegments reads every file of a cleanly stopped data directory.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/interop/apache_kafka.sh
kafka_build || exit 0
files=$(find "$1" \( -name '*.log' -o -name '*.index' -o -name '*.timeindex' -o -name '*.txnindex' -o -name '*.snapshot' -o -name '*.checkpoint' \) -path '*-*' ! -path '*-delete/*' | paste -sd, -)
[ -n "$files" ] || { echo "FAILED: no segment files in $1"; exit 1; }
failed=0; n=0
for group in $(echo "$files" | tr , '\n' | grep -v -e __cluster_metadata | xargs -n 40 echo | tr ' ' ,) ; do
  out=$(kafka_tool org.apache.kafka.tools.DumpLogSegments --files "$group" --deep-iteration 2>&1); rc=$?
  n=$((n + $(echo "$group" | tr , '\n' | wc -l)))
  if [ $rc -ne 0 ] || grep -qE "Exception|Found timestamp mismatch|Non-secutive|index mismatch|is corrupt" <<<"$out"; then
    failed=1; grep -E "Exception|mismatch|Non-secutive|corrupt" <<<"$out" | head -5
  fi
done
metadata=$(echo "$files" | tr , '\n' | grep -e '__cluster_metadata.*\.\(log\|checkpoint\)$' | paste -sd, -)
if [ -n "$metadata" ]; then
  out=$(kafka_tool org.apache.kafka.tools.DumpLogSegments --cluster-metadata-decoder --files "$metadata" 2>&1) || failed=1
  n=$((n + $(echo "$metadata" | tr , '\n' | wc -l)))
  if grep -qE "Exception|Could not deserialize|skipping" <<<"$out"; then failed=1; grep -E "Exception|deserialize|skipping" <<<"$out" | head -5; fi
fi
[ $failed -eq 0 ] && echo "passed: $n files read by DumpLogSegments" || { echo "FAILED"; exit 1; }
