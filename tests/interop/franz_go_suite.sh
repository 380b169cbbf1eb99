#!/usr/bin/env bash
# franz-go's own integration tests (its package kgo: produce, consumers, groups with every balancer, transactions) against
# `millrace broker`. They come with the module; share groups, SASL and TLS are left out, which the broker does not serve.
# usage: franz_go_suite.sh [MILLRACE_PROGRAM]. Exit 77: go is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "${1:-build/release/bin/millrace}")
version=v1.21.0
command -v go >/dev/null || { echo "franz_go_suite: skipped, go is not installed (Debian package golang-go)"; exit 77; }
work=$(mktemp -d)
broker=
trap 'kill $broker 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
source=$(cd tests/interop/go && go mod download -json "github.com/twmb/franz-go@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
cp -r "$source" "$work/franz-go"
chmod -R u+w "$work/franz-go"
(cd "$work/franz-go/pkg/kgo" && go test -c -o "$work/kgo.test" .)
"$program" broker --override log.dirs="$work/data" --override listeners=PLAINTEXT://127.0.0.1:0 \
  --override group.initial.rebalance.delay.ms=0 >"$work/ready" 2>"$work/log" &
broker=$!
for _ in $(seq 100); do grep -q 'ready on' "$work/ready" && break; sleep 0.1; done
cd "$work/franz-go/pkg/kgo"
KGO_SEEDS=$(sed -n 's/.*ready on \([^ ]*\) .*/\1/p' "$work/ready") KGO_TEST_RF=1 KGO_TEST_MAX_TOPIC_PARTS=6 \
  KGO_TEST_RECORDS="${KGO_TEST_RECORDS:-50000}" "$work/kgo.test" -test.v -test.timeout 20m -test.skip 'Share|Scram|SCRAM' >"$work/out" 2>&1 &&
  status=0 || status=$?
grep -E '^(--- (PASS|FAIL|SKIP)|panic)' "$work/out" || true
[ $status = 0 ] && echo "franz-go $version: its tests pass" || { tail -40 "$work/out"; tail -20 "$work/log"; }
exit $status
