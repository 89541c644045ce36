#!/bin/bash
# The public CEL conformance data, where it is at hand: VECTORS/cel/*.textproto. One TAP line a file.
set -u
cd "$(dirname "$0")/../.." || exit 1
dir=${VECTORS:-../shared/vectors}/cel
if ! ls "$dir"/*.textproto >/dev/null 2>&1; then
        echo "1..0 # SKIP no conformance data in $dir (set VECTORS)"
        exit 0
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
"${O:-build/obj/default}"/tests/tool_cel_conformance tests/conformance/cel-skip.txt "$dir" >"$log"
status=$?
n=0
while read -r file passed _ failed _; do
        n=$((n + 1))
        if [ "$failed" -eq 0 ]; then echo "ok $n - $file, $passed passed"; else echo "not ok $n - $file, $failed failed"; fi
done < <(grep -E '^[a-z0-9_]+ +[0-9]+ passed, ' "$log" | tr -d ,)
grep -E '^  ' "$log" | sed 's/^/#/'
n=$((n + 1))
if [ "$status" -eq 0 ]; then echo "ok $n - $(tail -n 1 "$log")"; else echo "not ok $n - $(tail -n 1 "$log")"; fi
echo "1..$n"
exit "$status"
