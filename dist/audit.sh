#!/bin/sh
# `make audit`: audits this machine as the caller and leaves the documents in build/audit/. Exit 0 whenever the audit ran,
# whatever it found: the verdict is printed, and a pipeline that wants the exit status calls `zerocrit audit` itself.
set -u
zc=$1
dir=build/audit
mkdir -p "$dir" || exit 4
[ -n "${SUDO_UID:-}" ] && [ "$(id -u)" -eq 0 ] && chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" build "$dir"

"$zc" audit local --evidence "$dir/evidence.json" --report "json=$dir/report.json" \
        --report "html=$dir/report.html"
status=$?

echo
case $status in
0) meaning="gate met" ;;
1) meaning="gate not met" ;;
3) meaning="not shown: something required could not be seen" ;;
*) echo "zerocrit audit ended with status $status" >&2 && exit "$status" ;;
esac
echo "status $status ($meaning); in $dir: evidence.json, report.json, and report.html to read"
[ "$(id -u)" -ne 0 ] && echo "fuller view, as root: sudo make audit"
exit 0
