#!/bin/sh
# The same for what firewalld writes, in a network and a mount namespace of its own.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/../firewall/frontends.py" --mode firewalld --rounds "${ROUNDS:-1}" --packets 200
