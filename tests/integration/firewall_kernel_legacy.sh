#!/bin/sh
# The same for the legacy tables, which stand beside nf_tables.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/../firewall/kernel.py" --mode legacy --rounds "${ROUNDS:-40}" --packets 50
