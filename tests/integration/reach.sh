#!/bin/bash
# zerocrit reach: questions in words, as JSON, by lines; wrong ones; without privilege.
set -u
ZC=$(realpath "${ZC:-build/zerocrit}")
n=0 bad=0
w=$(mktemp -d) || exit 1
trap 'rm -rf "$w"' EXIT
chmod 755 "$w"

ok() { # name, status of the test
        n=$((n + 1))
        if [ "$2" -eq 0 ]; then echo "ok $n - $1"; else
                echo "not ok $n - $1"
                sed 's/^/# /' "$w/out" "$w/err" 2>/dev/null
                bad=1
        fi
}
says() { # name, expected status, expected pattern in output or error; then the command
        local name=$1 status=$2 pattern=$3
        shift 3
        "$@" >"$w/out" 2>"$w/err" </dev/null
        local got=$?
        [ $got -eq "$status" ] && cat "$w/out" "$w/err" | grep -qE -e "$pattern"
        ok "$name (status $got)" $?
}

says "an option that takes an address refuses a name" 2 '--from: "nowhere" is not an IP address' "$ZC" reach --from nowhere
says "families that differ" 2 'not of the family of the other' "$ZC" reach --from 192.0.2.1 --to ::1
says "several ports" 2 'one port a question' "$ZC" reach --from 192.0.2.1 --port 1-3
says "a protocol without ports" 2 'icmp has none' "$ZC" reach --from 192.0.2.1 --proto icmp --port 3
says "an unknown protocol" 2 'is no protocol: tcp, udp' "$ZC" reach --proto tpc
says "an unknown state" 2 'is no state of a connection: new' "$ZC" reach --ct old
says "--packets and a question" 2 'leave the other options out' "$ZC" reach --packets - --port 22
says "a file that is not there" 2 'cannot read' "$ZC" reach --packets "$w/none"
says "words after the options" 2 'reach takes options' "$ZC" reach 22
says "a format that it does not have" 2 'not one of terminal, json' "$ZC" reach --format html

line='{"iif":"lo","family":"ip","protocol":"tcp","saddr":"127.0.0.1","daddr":"127.0.0.1","sport":40000,"dport":22}'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
        printf '%s\n' "$line" >"$w/lines"
        chmod 644 "$w/lines"
        cp "$ZC" "$w/zc" && chmod 755 "$w/zc"
        says "without CAP_NET_ADMIN a line is unknown" 3 '"verdict":"unknown","certainty":"possible","via":\[\]' \
                setpriv --reuid 65534 --clear-groups "$w/zc" reach --packets "$w/lines"
        says "and says what it needs" 3 'needs CAP_NET_ADMIN' setpriv --reuid 65534 --clear-groups "$w/zc" reach --port 22
        says "which JSON says too" 3 '"why": .*needs CAP_NET_ADMIN' \
                setpriv --reuid 65534 --clear-groups "$w/zc" reach --port 22 --format json
else
        for what in "a line" "a question" "JSON"; do
                n=$((n + 1))
                echo "ok $n - $what without CAP_NET_ADMIN # SKIP needs root to give it up"
        done
fi

rules() {
        ip link set lo up && ip tuntap add eth9 mode tun && ip link set eth9 up &&
                ip addr add 10.9.0.1/24 dev eth9 && ip addr add 10.9.0.2/24 dev eth9 && ip route add default dev eth9 && nft -f - <<'N'
table inet f {
  chain pre { type nat hook prerouting priority -100; policy accept;
    tcp dport 8080 redirect to :80
  }
  chain in { type filter hook input priority 0; policy drop;
    iif "lo" counter
    ct state established,related accept
    tcp dport { 22, 80 } accept comment "web"
    ip saddr 10.0.0.0/8 udp dport 53 jump dns
    tcp dport 113 reject
    ip daddr 10.9.0.2 tcp dport 25 accept
  }
  chain dns {
    ip saddr 10.1.0.0/16 drop
    accept
  }
}
N
}
inside() {
        rules || return 1
        local l='{"iif":"eth9","family":"ip","protocol":"tcp","saddr":"203.0.113.9","daddr":"10.9.0.1","sport":40000,"dport":'
        {
                printf '%s22}\n%s443}\n%s113}\n%s8080}\n' "$l" "$l" "$l" "$l"
                printf '{"iif":"eth8","family":"ip","protocol":"tcp","saddr":"203.0.113.9","daddr":"10.9.0.1","sport":1,"dport":1}\n'
                printf 'nonsense\n%s22,"dprot":1}\n%s22,"ttl":300}\n' "$l" "$l"
                printf '{"iif":"eth9","family":"ip6","protocol":"tcp","saddr":"203.0.113.9","daddr":"::1","sport":1,"dport":1}\n'
                printf '{"iif":"eth9","family":"ip","protocol":"tcp","saddr":"203.0.113.9","daddr":"10.9.0.1","dport":1}\n'
                printf '%s%020000d}\n' "$l" 1
                printf '%s22}' "$l"
        } >"$w/lines"
        "$ZC" reach --packets "$w/lines" >"$w/out" 2>"$w/err"
        [ $? -eq 2 ]
        ok "a malformed line is exit 2" $?
        [ "$(wc -l <"$w/out")" -eq 12 ]
        ok "every line has its answer, the last without its newline too" $?
        local at=0 want
        for want in '"verdict":"accept","certainty":"certain","via":.*"chain":"in","handle":[0-9]+}\]}$' \
                '"verdict":"drop","certainty":"certain","via":.*"chain":"in","handle":null}\]}$' '"verdict":"reject"' '"verdict":"accept"' \
                '"error":"iif: there is no interface .*","line":5}' '"error":"column 1: expected an object' 'there is no \\"dprot\\"; did you mean \\"dport\\"' \
                'ttl: expected at most 255' 'saddr: 203.0.113.9 is no address of family ip6' '\\"sport\\" is missing' 'longer than 16 KiB","line":11}' '"verdict":"accept"'; do
                at=$((at + 1))
                sed -n "${at}p" "$w/out" | grep -qE -e "$want"
                ok "line $at: $want" $?
        done
        says "a question in words" 0 '^ACCEPT, certain, by inet f in handle' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 22
        says "with its comment" 0 '\+ in [0-9]+  tcp dport \{ 22, 80 \} accept  # web' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 22
        says "why rules did not match" 0 'tcp dport is 113' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 113 --explain
        says "translation" 0 '^ACCEPT, certain, as 10.9.0.1:80,' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 8080
        says "who does not tell the source learns what depends on it" 0 'it depends on: the source address' "$ZC" reach --to 10.9.0.1 --port 53 --proto udp
        says "without --to every address is asked about" 0 'the same to 10.9.0.2:22' "$ZC" reach --from 203.0.113.9 --port ssh
        says "and told apart" 0 '10.9.0.2:25' "$ZC" reach --from 203.0.113.9 --port 25
        says "the policy decides" 0 '^DROP, certain, by inet f in policy' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 443
        says "an interface that is not there" 2 'there is no interface "eth8"' "$ZC" reach --from 203.0.113.9 --iif eth8
        says "its own packets come by lo" 0 'by lo' "$ZC" reach --from 10.9.0.1 --to 10.9.0.1 --port 22
        "$ZC" reach --from 203.0.113.9 --port 22 --format json 2>"$w/err" | "${PYTHON:-/usr/bin/python3}" -c \
                'import json,sys; d=json.load(sys.stdin); assert [a["verdict"] for a in d["answers"]] == ["accept"] * 2; assert d["answers"][0]["path"]' 2>>"$w/err"
        ok "JSON" $?
        says "an interface by its name, not its number" 0 '^      iif is "eth9"' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 443 --explain
        "$ZC" reach --to 10.9.0.1 --port 444 >"$w/out" 2>"$w/err" && ! grep -qE '[?]|or else' "$w/out"
        ok "what is asked of the source makes no difference to another port" $?
        if command -v iptables-nft >/dev/null && iptables-nft -A INPUT -m conntrack --ctstate DNAT -j ACCEPT 2>/dev/null &&
                iptables-nft -A INPUT -m conntrack --ctstate NEW,DNAT -j ACCEPT; then
                says "a state of iptables that is a status" 0 '- INPUT [0-9]+  ct status dnat accept$' \
                        "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 22 --explain
                says "a state or a status" 0 '[+] INPUT [0-9]+  \(ct state new or ct status dnat\) accept$' \
                        "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 22
                says "translated, it has the status" 0 '[+] INPUT [0-9]+  ct status dnat accept$' "$ZC" reach --from 203.0.113.9 --to 10.9.0.1 --port 8080
        else
                n=$((n + 1))
                echo "ok $n - states of iptables in words # SKIP iptables-nft is not installed"
        fi
        return 0
}

if [ "$(id -u)" -eq 0 ] && unshare -n sh -c 'ip tuntap add zcq mode tun && nft add table inet zcq' 2>/dev/null; then
        export -f inside rules ok says
        export ZC w n bad
        unshare -n bash -c 'inside; echo "$n $bad" >"$w/count"'
        read -r n b <"$w/count" || { n=$((n + 1)); echo "not ok $n - the namespace's part ended early"; bad=1; b=0; }
        [ "$b" -eq 0 ] || bad=1
else
        n=$((n + 1))
        echo "ok $n - reach in a namespace # SKIP needs root, TUN devices and nft"
fi
echo "1..$n"
exit $bad
