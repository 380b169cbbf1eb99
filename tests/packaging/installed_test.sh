#!/usr/bin/env bash
# installed_test.sh BUILD_DIR: cmake --install, then an application against what was installed, found by find_package.
set -euo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
[ -x "$work/prefix/bin/millrace" ]
! grep -rlE 'boost/asio|rocksdb/|simdjson\.h|range/v3' "$work/prefix/include" || { echo "an installed header names a heavy library"; exit 1; }
! grep -rl "$(cd "$here/../.." && pwd)" "$work/prefix/include" || { echo "an installed header names the source tree"; exit 1; }
cmake -S "$here/app" -B "$work/app" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/app" >"$work/log" 2>&1 || { grep -E "error|warning" "$work/log" | head -20; exit 1; }
"$work/app/app"
"$work/app/app" --help | grep -q -- --bootstrap-server
echo "passed"
