#!/bin/bash
# Golden outputs. A case is a folder tests/golden/NAME/ with its input, `command` (one shell line, run in the folder, $ZC is the program) and
# `expected` (standard output, standard error as "err: …", and the exit status). `make golden UPDATE=1` rewrites `expected`: review it as a diff.
set -u
cd "$(dirname "$0")/../golden" || exit 1
ZC=$(realpath "../../${ZC:-build/zerocrit}" 2>/dev/null || realpath "$ZC") || exit 1
export ZC
unset NO_COLOR SUDO_UID SUDO_GID
export COLUMNS=80 TERM=xterm LC_ALL=C.UTF-8
n=0 bad=0
got=$(mktemp) || exit 1
trap 'rm -f "$got" "$got.err"' EXIT

for case in */; do
        case=${case%/}
        [ -f "$case/command" ] || continue
        n=$((n + 1))
        (cd "$case" && bash ./command </dev/null >"$got" 2>"$got.err"; echo "status $?" >>"$got")
        sed 's/^/err: /' "$got.err" >>"$got"
        if [ -n "${UPDATE:-}" ]; then cp "$got" "$case/expected"; chmod 644 "$case/expected"; fi
        if diff -u "$case/expected" "$got" >"$got.err" 2>&1; then
                echo "ok $n - golden $case"
        else
                echo "not ok $n - golden $case: differs; when it is right: make golden UPDATE=1"
                sed 's/^/# /' "$got.err"
                bad=1
        fi
done
echo "1..$n"
exit $bad
