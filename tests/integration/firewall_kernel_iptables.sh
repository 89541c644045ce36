#!/bin/sh
# The same for what iptables-nft and ip6tables-nft write.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/../firewall/kernel.py" --iptables --rounds "${ROUNDS:-60}" --packets 50
