#!/bin/sh
# The firewall model against the kernel's own verdicts, in a small seeded form; `make soak-firewall` is the long one.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/../firewall/kernel.py" --rounds "${ROUNDS:-200}" --packets 50
