#!/bin/bash
# docs/rules.md, as a reader would type it: every block of commands, in order, in one folder. A block fails when one of its commands does.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
ZC=$(realpath "${ZC:-build/zerocrit}") || exit 1
work=$(mktemp -d) || exit 1
trap 'cd /; rm -rf "$work"' EXIT
if ! command -v openssl >/dev/null; then
        echo "1..0 # SKIP openssl is not installed"
        exit 0
fi
mkdir "$work/bin" "$work/here" && ln -s "$ZC" "$work/bin/zerocrit" && cd "$work/here" || exit 1
export PATH=$work/bin:$PATH COLUMNS=80
n=0 bad=0

# What must be on the page of a block: "N REGEX".
expected() {
        case $1 in
        1) echo '^redis +[0-9]+ of' ;;
        3) echo 'unknown: self.tls' ;;
        4) echo '^3 passed, 0 failed' ;;
        6) echo '^4 passed, 0 failed' ;;
        7) echo 'wrong.yaml:[0-9]+:[0-9]+: .*offered' ;;
        8) echo 'ZC-ACME-001 +proven' ;;
        10) echo 'NOT MET|MET|NOT SHOWN' ;;
        11) echo 'redis.yaml' ;;
        *) echo '' ;;
        esac
}

awk -v out="$work/block" '
        /^```sh$/ { n++; file = out "." n; inside = 1; next }
        /^```/ { inside = 0; next }
        inside { print > file }' "$top/docs/rules.md"
while [ -f "$work/block.$((n + 1))" ]; do
        n=$((n + 1))
        { echo 'set -e'; sed 's/ && exit 1$/ \&\& exit 9/' "$work/block.$n"; } >"$work/run"
        timeout 60 bash "$work/run" >"$work/out" 2>&1 </dev/null
        status=$?
        # A block whose last command is to fail ends as that command does.
        if grep -q '&& exit 1$' "$work/block.$n"; then [ "$status" -ne 9 ]; else [ "$status" -eq 0 ]; fi
        good=$?
        regex=$(expected "$n")
        if [ -n "$regex" ] && ! grep -qE -- "$regex" "$work/out"; then good=1; fi
        if [ "$good" -eq 0 ]; then echo "ok $n - $(grep -m1 . "$work/block.$n" | cut -c1-70)"; else
                echo "not ok $n - block $n: status $status, wanted: $regex"
                sed 's/^/# /' "$work/block.$n" "$work/out"
                bad=1
        fi
done
n=$((n + 1))
if [ "$n" -gt 10 ] && ! grep -q "$(printf '\t')" "$top/docs/rules.md"; then echo "ok $n - the page has its blocks"; else
        echo "not ok $n - the page has its blocks"
        bad=1
fi
echo "1..$n"
exit $bad
