#!/bin/bash
# Acting on a report: waive, recheck and init, against a web server of our own.
set -u
cd "$(dirname "$0")/../.." || exit 1
ZC=$(realpath "${ZC:-build/zerocrit}") || exit 1
PYTHON=${PYTHON:-/usr/bin/python3}
root=$PWD
work=$(mktemp -d) || exit 1
server=
trap 'cd /; [ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset CI NO_COLOR COLUMNS
n=0 bad=0

ok() {
        local name=$1
        shift
        n=$((n + 1))
        if "$@"; then echo "ok $n - $name"; else
                echo "not ok $n - $name"
                sed 's/^/# /' out err
                bad=1
        fi
}

# does NAME STATUS REGEX ARG…: the exit status, and a line on standard output or error.
does() {
        local name=$1 want=$2 regex=$3
        shift 3
        "$ZC" "$@" >out 2>err </dev/null
        status=$?
        n=$((n + 1))
        if [ "$status" -eq "$want" ] && cat out err | grep -qE -- "$regex"; then echo "ok $n - $name"; else
                echo "not ok $n - $name: status $status, wanted $want and $regex"
                sed 's/^/# /' out err
                bad=1
        fi
}

cat >serve.py <<'END'
import http.server, os
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "2")
        if os.path.exists("fixed"):
            self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *a):
        pass
for port in range(20100, 20400):
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), H)
        break
    except OSError:
        continue
with open("port.new", "w") as f:
    f.write(str(port))
os.rename("port.new", "port")
server.serve_forever()
END
"$PYTHON" serve.py >server.log 2>&1 &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
port=$(cat port)
rule=ZC-HTTP-022 subject=127.0.0.1:$port/tcp

"$ZC" audit "http://127.0.0.1:$port" --report json=report.json >out 2>err </dev/null
label=$("$PYTHON" -c "import json; print([f['label'] for f in json.load(open('report.json'))['findings'] if f['rule'] == '$rule'][0])")
ok "the server is audited, and has the finding" test -n "$label"

# ---- recheck ----
does "what is still so: 1" 1 "^still there +$label $rule on $subject" recheck "$label"
ok "and it is explained" grep -q 'nosniff' out
does "by rule and subject" 1 "^still there" recheck $rule "$subject" report.json
does "a dry run sends nothing, and plans that probe alone" 0 'runs: skipped, --only' recheck "$label" --dry-run
touch fixed
does "what is gone: 0" 0 "^gone +$label $rule" recheck "$label"
kill "$server"
wait "$server" 2>/dev/null
server=
does "a port that is closed: gone" 0 "^gone +$label $rule on $subject: the port is closed" recheck "$label"
# ---- recheck: what is odd, silent or another service now is not gone ----
PORTS=$("$PYTHON" -B -c '
import socket
s = [socket.socket() for _ in range(6)]
free = []
for x in s:
    for p in range(20500, 20900):
        try:
            x.bind(("127.0.0.1", p))
            free.append(str(p))
            break
        except OSError:
            pass
print(*free)')
set -- $PORTS
modes="stall lie close reset wrong" peers=
for mode in $modes; do
        peers="$peers $mode=$1"
        shift
done
"$PYTHON" -B "$root/tests/lab/peer.py" 127.0.0.1 $peers >/dev/null 2>&1 &
peer=$!
# moved PORT OUT [EDIT]: the report's finding as one of Redis at another port.
moved() {
        "$PYTHON" - "$rule" "$1" "$2" "${3:-}" <<'END'
import json, sys
rule, port, out, edit = sys.argv[1:]
r = json.load(open("report.json"))
f = [f for f in r["findings"] if f["rule"] == rule][0]
r["findings"] = [f]
f["covers"] = []
f["rule"], f["subject"] = "ZC-RD-001", f"127.0.0.1:{port}/tcp"
v = r["runs"][0]["vantage"]
exec(edit)
json.dump(r, open(out, "w"))
END
}
for one in $peers; do
        for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/${one#*=}") 2>/dev/null && break; sleep 0.1; done
        moved "${one#*=}" odd.json
        does "a peer that is odd (${one%=*}): 3" 3 "^not shown .*ZC-RD-001" recheck ZC-RD-001 odd.json --deadline 20s
        ok "never gone (${one%=*})" sh -c '! grep -q "^gone" out'
done
kill "$peer"
wait "$peer" 2>/dev/null
moved "$1" odd.json
does "its port is closed: gone" 0 "^gone .*the port is closed" recheck ZC-RD-001 odd.json
moved "$1" far.json 'v["addresses"] = ["192.0.2.77"]; v["hostname"] = "far"'
does "a clone of this machine has seen it: from here it is not shown" 3 "^not shown .*recheck on far" recheck ZC-RD-001 far.json
ok "and that is said" grep -q "another vantage than the report's: far" out

does "nothing of the name" 2 'has no "C9"' recheck C9
does "no word" 2 'recheck what\?' recheck
# Without CAP_NET_ADMIN nobody sees the firewall.
all=$ZC
if [ "$(id -u)" -eq 0 ]; then
        printf '#!/bin/sh\nexec setpriv --bounding-set -net_admin -- "%s" "$@"\n' "$all" >small
        chmod +x small
        ZC=$work/small
fi
"$ZC" audit local --only firewall --format json -o local.json >/dev/null 2>&1
does "what cannot be seen is not shown: 3" 3 "^not shown +ZC-FW-001 on host/firewall" recheck ZC-FW-001 local.json
sed "s/$("$PYTHON" -c "import json; print(json.load(open('local.json'))['runs'][0]['vantage']['id'])")/elsewhere/g" local.json >other.json
does "what belongs to another machine is asked there" 2 'belongs to elsewhere.*run recheck there' recheck ZC-FW-001 other.json
ZC=$all

# ---- waive ----
who=(--owner o@example.org --approver a@example.org --reason 'a "reason": # all of it' --ticket T-1)
does "all that is missing, at once" 2 'missing: --owner, --approver, --reason, --expires' waive "$label"
does "an end that is past" 2 'is past' waive "$label" "${who[@]}" --expires 2020-01-01
does "an end that is none" 2 'no time' waive "$label" "${who[@]}" --expires soon
ok "nothing was written" test ! -e waivers.yaml
does "a file that was not there is made" 0 "^W-1: $rule on $subject, until 2099-12-31T23:59:59Z" waive "$label" "${who[@]}" --expires 2099-12-31
cp waivers.yaml before
does "a rule on a subject" 0 '^W-2: ZC-HTTP-020' waive ZC-HTTP-020 "$subject" report.json "${who[@]}" --expires 90d
ok "the rest of the file stays as it is" sh -c 'head -c "$(wc -c <before)" waivers.yaml | cmp -s - before'
does "a pass is not waived" 2 'only what failed' waive "$("$PYTHON" -c "
import json
r = json.load(open('report.json'))
print([c['rule'] for c in r['checks'] if c['verdict'] == 'pass'][0])")" "$subject" report.json "${who[@]}" --expires 90d
"$ZC" collect "http://127.0.0.1:$port" -o closed.json >/dev/null 2>&1
printf '# ours\nwaivers: [  ]  # none yet\n' >flow.yaml
does "a list in flow style" 0 '^W-1' waive "$label" "${who[@]}" --expires 90d --waivers flow.yaml
does "and one more of it" 0 '^W-2' waive ZC-HTTP-020 "${who[@]}" --expires 90d --waivers flow.yaml
ok "between the text that was there" sh -c 'head -n1 flow.yaml | grep -qx "# ours" && grep -q "# none yet$" flow.yaml'
printf 'waivers:\n- {id: W-7, rule: ZC-FW-001, target: x, verdict: fail, owner: o, approver: a, reason: r,\n   created: 2026-01-01T00:00:00Z, expires: 2099-01-01T00:00:00Z}\n# the end' >block.yaml
does "after the last, the highest number more, and a comment at the end" 0 '^W-8' waive "$label" "${who[@]}" --expires 90d --waivers block.yaml
does "a file that is no waiver file" 2 'serve.py:[0-9]+:[0-9]+: ' waive "$label" "${who[@]}" --expires 90d --waivers serve.py
does "to standard output" 0 'id: W-1' waive "$label" "${who[@]}" --expires 90d -o - --waivers none.yaml
does "what is waived already is not waived again" 2 'waivers.yaml: W-1 waives .* already, until 2099' waive "$label" "${who[@]}" --expires 90d
ok "leaves the file alone" sh -c '! grep -q W-3 waivers.yaml'

# ---- two vantages of one machine id ----
"$PYTHON" - <<'END'
import json
M = "0123456789abcdef0123456789abcdef"
def write(path, run, vantage, targets, **more):
    json.dump({"schema": "zerocrit.evidence/1", "run": {"id": run, "started": "2026-11-23T01:00:00Z", "version": "0.1.0",
        "finished": "2026-11-23T01:00:09Z", "vantage": vantage, "options": {"profile": "default", "level": "safe"}, "targets": targets}, **more}, open(path, "w"))
def target(id, named):
    return {"id": id, "named": named, "tags": [], "zone": None, "public": None, "require": []}
done = {"outcome": "done"}
write("own.json", "r1", {"id": M, "hostname": "vm", "addresses": ["127.0.0.1", "203.0.113.7"]}, [target(M, "local")],
    host={"probes": {"listeners": done}, "listeners": [{"transport": "tcp", "family": "ip", "address": "0.0.0.0", "port": 6379, "process": "redis-server", "uid": 0}]})
for name, at in ("clone", "198.51.100.9"), ("same", "203.0.113.7"):
    write(name + ".json", "r-" + name, {"id": M, "hostname": "vm", "addresses": ["127.0.0.1", at]}, [target("203.0.113.7", "203.0.113.7")],
        endpoints=[{"asset": "203.0.113.7", "address": "203.0.113.7", "port": 6379, "transport": "tcp", "state": "open", "service": "redis", "probes": {"ports": done, "identify": done}}])
END
for f in report_of page_of; do
        printf '#!/bin/sh\nif [ %s = page_of ]; then how=terminal; else how=json; fi\n"%s" judge "$@" --format $how -v\n[ $? -le 3 ]\n' $f "$ZC" >$f
        chmod +x $f
done
ZC=$work/report_of does "a clone's view is a vantage of its own" 0 '"reached_from": \[?' own.json clone.json
ok "that reached it from outside" "$PYTHON" -c "
import json
r = json.load(open('out'))
m = '0123456789abcdef0123456789abcdef'
assert [x['vantage']['id'] for x in r['runs']] == [m, 'vm@198.51.100.9'], r['runs']
assert [(x['asset'], x['reached_from'], x['reach']) for x in r['exposure']] == [(m, ['vm@198.51.100.9'], 'any')], r['exposure']
assert [p['run'] for p in r['problems'] if 'clone' in p['what']] == ['r-clone'], r['problems']"
ZC=$work/page_of does "the page says from where" 0 'vm@198.51.100.9' own.json clone.json
ZC=$work/report_of does "the order does not matter" 0 'vm@198.51.100.9' clone.json own.json
ZC=$work/report_of does "one machine twice is one vantage" 0 '"problems": \[\]' own.json same.json

# ---- a waiver of nothing ----
waiver() { printf 'waivers:\n  - {id: W-1, rule: "%s", target: x, verdict: fail, owner: o, approver: a, reason: r,\n     created: 2026-01-01T00:00:00Z, expires: 2099-01-01T00:00:00Z}\n' "$1" >nothing.yaml; }
waiver ZC-FW-01
does "a rule that there is not, and the nearest" 2 'nothing.yaml:2:[0-9]+: there is no rule ZC-FW-01; did you mean ZC-FW-0' judge closed.json --waivers nothing.yaml
waiver 'ZC-FWX-*'
does "a pattern that no rule is called like" 2 'nothing.yaml:2:[0-9]+: no rule is called like "ZC-FWX-\*"' judge closed.json --waivers nothing.yaml
waiver ZC-EXPECT-OPEN
"$ZC" judge closed.json --waivers nothing.yaml >out 2>err </dev/null
ok "an expectation's is one" sh -c '! grep -q "no rule" err'
waiver ZC-OWN-001
does "a pack's rule is none without the pack" 2 'there is no rule ZC-OWN-001' judge closed.json --waivers nothing.yaml
if "$ZC" rules new ZC-OWN-001 >own.out 2>&1; then
        "$ZC" judge closed.json --waivers nothing.yaml --rules "$(find . -name '*OWN-001*.yaml' -o -name 'zc-own-001.yaml' | head -n1)" >out 2>err </dev/null
        ok "and is one with it" sh -c '! grep -q "no rule" err'
fi

printf 'policy: acme\nowner: s@example.org\nwaivers: {approvers: [ciso@example.org], longest: 30d}\n' >policy.yaml
cp waivers.yaml before
does "what the policy does not allow" 2 'waivers.yaml:[0-9]+:[0-9]+: .*(approve|ciso@example.org)' waive "$label" "${who[@]}" --expires 20d --policy policy.yaml --waivers waivers.yaml
ok "is not written" cmp waivers.yaml before
does "what it allows is" 0 '^W-1' waive "$label" --owner o --approver ciso@example.org --reason r --expires 20d --policy policy.yaml --waivers by-policy.yaml
does "a check of a host, on that host alone" 0 '^W-1: ZC-FW-001 on id:[^ ]+ host/firewall, until' waive ZC-FW-001 local.json "${who[@]}" --expires 30d --waivers host.yaml
[ "$(id -u)" -eq 0 ] && ZC=$work/small
"$ZC" audit local --only firewall --waivers host.yaml --format json -o waived.json >/dev/null 2>&1
ZC=$all
ok "is waived there" "$PYTHON" -c "
import json, sys
sys.exit(0 if any(c['rule'] == 'ZC-FW-001' and c['waived'] == 'W-1' for c in json.load(open('waived.json'))['checks']) else 1)"

# ---- init ----
does "a first configuration" 0 'zerocrit.yaml: written' init
does "is a good one" 0 'good; 1 target' config check zerocrit.yaml
does "its gate is the profile's" 0 '^gate.fail_on .* profile ' config show --origin zerocrit.yaml
does "and is not replaced" 2 'is there already' init
does "what would be written" 0 '^profile: ' init -o -
sed 's/^# expect:/expect:/; s/^#   - {for/   - {for/' zerocrit.yaml >expect.yaml
does "with its expectations on, too" 0 'good; 1 target' config check expect.yaml

# ---- config show ----
cat >show.yaml <<'END'
schema: zerocrit.config/1
scope: {allow: [127.0.0.1], rate: {total: 50/s}}
targets:
  - {id: a, hosts: ["127.0.0.1:80"]}
params: {days_left: 7}
END
does "what an option sets" 0 '^limits.deadline +180000ms +--deadline$' config show --origin show.yaml --deadline 3m
ok "what the file sets, and where" grep -qE '^scope.rate.total +50/s +show.yaml:2:[0-9]+$' out
ok "a parameter of the file's" grep -qE '^params.days_left +7 +show.yaml:5:[0-9]+$' out
ok "what is built in" grep -qE '^profile +default +built-in$' out
ok "what the profile sets" grep -qE '^gate.fail_on +\["critical"\] +profile default$' out
ok "the rest of the file" grep -qE '^targets\[0\].hosts .* show.yaml:4:[0-9]+$' out
does "a profile by option" 0 '^gate.fail_on .*"high".* profile strict$' config show --origin --profile strict
NO_COLOR=1 does "the environment" 0 '^NO_COLOR +1 +environment$' config show --origin
does "as JSON" 0 '"where": "show.yaml:5' config show show.yaml --origin --format json
ok "that can be read" sh -c "$PYTHON -c 'import json; json.load(open(\"out\"))'"
does "a format that is none" 2 'it is text or json' config show --format yaml
does "check takes the options of an audit" 2 'no profile' config check show.yaml --profile nothing
# ---- outputs that cannot be made ----
if [ "$(id -u)" -eq 0 ]; then
        mkdir -m 755 locked
        cp "$all" locked/zc
        chmod 755 "$work" locked/zc
        printf '#!/bin/sh\ncd / && exec setpriv --reuid 65534 --regid 65534 --clear-groups -- "%s/locked/zc" "$@"\n' "$work" >nobody
        chmod 755 nobody
        ZC=$work/nobody does "is found out before anything is sent" 4 'cannot write .*locked/x.json.*|nothing was sent' audit 127.0.0.1:20999 --report "json=$work/locked/x.json"
        ok "and nothing was" sh -c 'grep -q "nothing was sent" err && test ! -s out'
else
        n=$((n + 1))
        echo "ok $n - outputs that cannot be made # SKIP needs root to become another"
fi
echo "1..$n"
exit $bad
