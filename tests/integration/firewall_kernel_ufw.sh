#!/bin/sh
# The same for what ufw writes, in a network and a mount namespace of its own.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/../firewall/frontends.py" --mode ufw --rounds "${ROUNDS:-1}" --packets 200
