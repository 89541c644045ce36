#!/bin/sh
# What the model says of all packets at once against what it says of single ones, over random rulesets.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/../firewall/symbolic.py" --rounds "${ROUNDS:-60}"
