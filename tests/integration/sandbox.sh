#!/bin/bash
# The collector's sandbox, tried from inside: as root, as an ordinary user, and as the root of a user namespace that maps one uid.
set -u
tool=$PWD/${O:-build/obj/default}/tests/tool_sandbox_attempts
n=0
[ -x "$tool" ] || { echo "1..0 # SKIP $tool is not built"; exit 0; }

# as NAME COMMAND…: run the attempts that way; their lines get the name, and numbers that go on.
as() {
        local name=$1 out status
        shift
        out=$("$@" 2>&1)
        status=$?
        if [ "$status" -ne 0 ] || [ -z "$out" ]; then
                n=$((n + 1)); echo "not ok $n - $name: the attempts ended with status $status"; printf '%s\n' "$out" | tail -n 5 | sed 's/^/# /'
                return
        fi
        if [[ $out == 1..0* ]]; then n=$((n + 1)); echo "ok $n - $name # SKIP ${out#*SKIP }"; return; fi
        while IFS= read -r line; do
                case $line in
                "ok "* | "not ok "*) n=$((n + 1)); echo "${line%% [0-9]*} $n - $name: ${line#* - }" ;;
                *) echo "# $line" ;;
                esac
        done <<<"$out"
}

skip() {
        n=$((n + 1)); echo "ok $n - $1 # SKIP $2"
}

as "filters forbidden" "$tool" forbidden
as "no filters" "$tool" lacks
if [ "$(id -u)" -eq 0 ]; then
        as root env ZC_WAS_ROOT=1 "$tool"
        # The folder of a build may be closed to others: the program travels to where they can run it.
        dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && chmod 755 "$dir" && cp "$tool" "$dir/attempts" && chmod 755 "$dir/attempts"
        if command -v setpriv >/dev/null; then
                as user setpriv --reuid 1000 --regid 1000 --clear-groups "$dir/attempts"
        else skip user "setpriv is not installed"; fi
else
        skip root "needs root"
        as user "$tool"
fi
if unshare -Ur true 2>/dev/null; then
        as "user namespace" unshare -Ur "$tool"
else skip "user namespace" "this kernel lets nobody make one"; fi
echo "1..$n"
