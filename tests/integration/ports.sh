#!/bin/bash
# Port states against real packet filters: two network namespaces joined by a veth pair, nftables in the far one.
set -u
O=${O:-build/obj/default} PYTHON=${PYTHON:-/usr/bin/python3}
tool=$O/tests/tool_ports
n=0 failed=0
near=zcpn$$ far=zcpf$$ servers=()

skip_all() {
        echo "1..0 # SKIP $1"
        exit 0
}
# within NAMESPACE COMMAND…: by the namespace's file, which works where `ip netns exec` cannot remount /sys.
within() {
        local name=$1
        shift
        nsenter --net="/run/netns/$name" -- "$@"
}
cleanup() {
        for pid in "${servers[@]:-}"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null; done
        ip netns del "$near" 2>/dev/null
        ip netns del "$far" 2>/dev/null
}
trap cleanup EXIT

command -v nft >/dev/null && command -v ip >/dev/null || skip_all "needs nft and ip"
ip netns add "$near" 2>/dev/null && ip netns add "$far" 2>/dev/null || skip_all "needs CAP_SYS_ADMIN for network namespaces"
within "$near" true 2>/dev/null || skip_all "a network namespace cannot be entered here"
ip -n "$near" link add v0 type veth peer name v0 netns "$far" || skip_all "needs veth"
ip -n "$near" link set lo up && ip -n "$far" link set lo up
ip -n "$near" addr add 192.0.2.1/24 dev v0 && ip -n "$far" addr add 192.0.2.2/24 dev v0
ip -n "$near" addr add 2001:db8::1/64 dev v0 nodad && ip -n "$far" addr add 2001:db8::2/64 dev v0 nodad
ip -n "$near" link set v0 up && ip -n "$far" link set v0 up

nsenter --net="/run/netns/$far" -- "$PYTHON" -c '
import socket, time
held = []
for port in (22001, 22002):
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port)); s.listen(64); held.append(s)
time.sleep(600)' &
servers+=($!)
within "$far" nft -f - <<'NFT' || skip_all "needs nftables in the kernel"
table inet t {
        set blocked { type ipv4_addr; flags dynamic; size 16; }
        chain input {
                type filter hook input priority 0; policy accept;
                ip saddr @blocked drop
                tcp dport 22010 drop
                tcp dport 22011 reject with icmpx type admin-prohibited
                tcp dport 22012 reject with tcp reset
                tcp dport 22013 reject
                tcp dport 22113 add @blocked { ip saddr } drop
        }
}
NFT
for _ in $(seq 100); do within "$far" ss -ltnH 'sport = 22002' | grep -q . && break; sleep 0.05; done

scan() { out=$(within "$near" "$tool" "$@" 2>&1); }
# has NAME PATTERN: the last scan printed a line that holds PATTERN
has() {
        n=$((n + 1))
        if grep -qF -- "$2" <<<"$out"; then
                echo "ok $n - $1"
        else
                echo "not ok $n - $1"
                sed 's/^/# /' <<<"$out"
                failed=1
        fi
}

scan 192.0.2.2 22001,22003,22010-22013
has 'open, closed by the host and by a resetting rule' '"open":"22001","closed":"22003,22012"'
has 'dropped and rejected with ICMP are filtered' '"filtered":"22010-22011,22013","unknown":""'
has 'the outcome is done' '"outcome":"done"'
has 'open says so' '"port":22001,"name":null,"state":"open","reason":"connected","rtt_ms":'
has 'a dropped port was asked again and again' '"attempts":4,"sent":"TCP connect","received":"no answer"'
has 'a prohibition names its sender' '"reason":"ICMP administratively prohibited from 192.0.2.2"'
has 'a rejection is not a refusal' '"reason":"ICMP port unreachable from 192.0.2.2"'
has 'a reset is a refusal' '"port":22012,"name":null,"state":"closed","reason":"refused"'

scan 2001:db8::2 22001,22003,22010-22013
has 'IPv6: open and closed' '"open":"22001","closed":"22003,22012"'
has 'IPv6: filtered' '"filtered":"22010-22011,22013","unknown":""'
has 'IPv6: a prohibition names its sender' '"reason":"ICMPv6 administratively prohibited from 2001:db8::2"'
has 'IPv6: a rejection is not a refusal' '"reason":"ICMPv6 port unreachable from 2001:db8::2"'

scan 192.0.2.77 22001
has 'an address that nobody has' '"state":"filtered","reason":"ICMP host unreachable from 192.0.2.1"'

scan 198.51.100.1 22001-22040
has 'no route is our own lack' '"open":"","closed":"","filtered":"","unknown":"22001-22040"'
has 'and says so' '"outcome":"failed","why":"no route from here (Network is unreachable) (40 ports)"'

scan 192.0.2.2 22001-22040
has 'many ports: only open ones have endpoints' '"open":"22001-22002","closed":"22003-22009,22012,22014-22040"'
n=$((n + 1))
[ "$(grep -c '"endpoint"' <<<"$out")" = 2 ] && echo "ok $n - two endpoints" || { echo "not ok $n - two endpoints"; failed=1; }

scan 192.0.2.2 22001,22101-22130 40
has 'a host that blocks us on the way: closed ports before it stand' '"open":"22001","closed":"22101-22112"'
has 'what was silent from then on is unknown' '"filtered":"","unknown":"22113-22130"'
has 'and says why' 'perhaps blocked: port 22001 answered before, and no longer does (18 ports)'

echo "1..$n"
exit $failed
