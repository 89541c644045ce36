#!/bin/bash
# Tools for who writes rules: new, diff, coverage; and what `rules test` asks of every rule.
set -u
cd "$(dirname "$0")/../.." || exit 1
ZC=$(realpath "${ZC:-build/zerocrit}") || exit 1
PYTHON=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d) || exit 1
trap 'cd /; rm -rf "$work"' EXIT
cd "$work" || exit 1
n=0 bad=0

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
json() { "$PYTHON" -c "import json, sys; d = json.load(open('out')); sys.exit(0 if $1 else 1)"; }
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

# ---- new ----
"$ZC" rules new ZC-T-000 --kind nothing 2>err
kinds=$("$PYTHON" - <<'END'
import re, os
text = open(os.path.join(os.environ["OLDPWD"], "scanner/evidence/kind.c")).read()
print(" ".join(re.findall(r'^        \{ "(\w+)", "', text, re.M)))
END
)
i=0
for kind in $kinds; do
        i=$((i + 1))
        id=$(printf 'ZC-T-%03d' "$i")
        does "a new rule on $kind" 0 "$id.yaml: written" rules new "$id" --kind "$kind"
        does "  is a good one" 0 '1 rule, good' rules check "$id.yaml"
        does "  with three tests that pass" 0 '^3 passed, 0 failed' rules test "$id.yaml"
done
ok "every kind had its turn" test "$i" -ge 15
sed -E '0,/self: \{/s//self: {nowhere: 1, /' ZC-T-001.yaml >misspelt.yaml
does "a test on evidence that cannot exist" 1 'self.*unknown member "nowhere"' rules test misspelt.yaml
does "an id that is taken" 2 'ZC-FW-001 is taken \(rules/firewall/' rules new ZC-FW-001
does "a file that is there" 2 'ZC-T-001.yaml is there already' rules new ZC-T-900 -o ZC-T-001.yaml
does "an id that is none" 2 'no rule id: write' rules new my-rule
does "a kind that is none" 2 'did you mean redis' rules new ZC-T-901 --kind rediss
does "to standard output" 0 '^  - id: ZC-T-902' rules new ZC-T-902 -o -
ok "and nothing beside it" test ! -e ZC-T-902.yaml

# ---- test ----
grep -v 'expect: unknown' ZC-T-001.yaml >two.yaml
does "a rule without a test of missing evidence is refused" 2 'two.yaml:[0-9]+:[0-9]+: .*unknown' rules check two.yaml
sed 's/it is not\(.*\)expect: pass/it is not\1expect: fail/' ZC-T-001.yaml >wrong.yaml
sed -i 's/^    tests:.*/&\n      - {name: more, self: {firewall: {sets: 7}}, expect: pass}/' wrong.yaml
does "a test that fails: 1, and where" 1 'wrong.yaml:[0-9]+: ZC-T-001, "it is not": expected fail, got pass' rules test wrong.yaml

# ---- diff ----
sed 's/severity: medium/severity: high/; s/^    title: .*/    title: Another/' ZC-T-002.yaml >b.yaml
does "what is changed, member by member" 0 '^0 added, 0 removed, 1 changed' rules diff ZC-T-002.yaml b.yaml
ok "old and new" sh -c "grep -q -- '- medium' out && grep -q -- '+ high' out"
does "added and removed" 0 '^1 added, [0-9]+ removed, 0 changed' rules diff builtin b.yaml
does "as JSON" 0 '"member": "severity"' rules diff ZC-T-002.yaml b.yaml --format json
ok "with all that differs" json "[m['member'] for m in d['changed'][0]['members']] == ['title', 'severity'] and not d['added'] and not d['removed']"
does "a pack and itself" 0 '^0 added, 0 removed, 0 changed' rules diff builtin builtin
does "one side" 2 'diff what' rules diff builtin
does "a format that is none" 2 'there is no "jsn"' rules diff builtin builtin --format jsn

# ---- coverage ----
does "what no rule reads" 0 '^listener +[0-9]+ of [0-9]+ read; not: ' rules coverage
does "as JSON" 0 '"kind": "listener"' rules coverage --format json
cp out before.json
ok "counts agree" json "all(k['fields'] == k['read'] + len(k['unread']) for k in d)"
ok "and what rules read is not in it" json "'scope' not in [k for k in d if k['kind'] == 'listener'][0]['unread']"
cat >unit.yaml <<'END'
rules:
  - {id: ZC-T-950, title: t, severity: low, confidence: derived, since: "1.0", applies_to: listener, when: 'self.unit == "x"', needs: [self.unit],
     message: m, rationale: r, remediation: {text: t, reproduce: [ss]},
     tests: [{name: a, self: {unit: x}, expect: fail}, {name: b, self: {unit: y}, expect: pass}, {name: c, self: {}, expect: unknown}]}
END
does "a rule more reads a member more" 0 '"kind"' rules coverage --format json --rules unit.yaml
ok "than before" "$PYTHON" -c "
import json, sys
a, b = ({k['kind']: k for k in json.load(open(f))} for f in ('before.json', 'out'))
sys.exit(0 if b['listener']['read'] == a['listener']['read'] + 1 and 'unit' not in b['listener']['unread'] else 1)"
# ---- whose rules: the name of our own is taken only from whom the trust file lets sign it ----
"$ZC" rules export -o ours >/dev/null 2>err
sed -i '0,/rationale: /s//rationale: changed, /' ours/redis/redis.yaml
rm ours/pack.yaml
"$ZC" rules export ours zerocrit 9.0.0 -o changed >/dev/null 2>err
mkdir one && cp ZC-T-002.yaml one/ && "$ZC" rules export one zerocrit 9.0.0 -o single >/dev/null 2>err
echo '{"schema": "zerocrit.evidence/1", "run": {"id": "r", "vantage": {"id": "v"}, "targets": []}}' >empty.json
for pack in changed single; do
        does "an unsigned pack by our name is refused: $pack" 2 'calls itself zerocrit.*nobody who may has signed it' \
                judge empty.json --rules "$pack" --allow-unsigned
done
"$ZC" rules export one other 9.0.0 -o other >/dev/null 2>err
does "by another name it is added" 3 'NOT SHOWN' judge empty.json --rules other --allow-unsigned
if openssl genpkey -algorithm ed25519 -out k.pem 2>/dev/null; then
        openssl pkeyutl -sign -rawin -inkey k.pem -in single/pack.yaml -out single/pack.sig
        key=$(openssl pkey -in k.pem -pubout -outform DER | tail -c 32 | base64)
        trust() { printf 'schema: zerocrit.trust/1\nkeys: [{id: k, key: %s, packs: ["%s"]}]\n' "$key" "$1" >trust.yaml; chmod 600 trust.yaml; }
        chmod 700 .
        trust "acme-*"
        does "signed by whom may not" 2 'zerocrit' judge empty.json --rules single --trust trust.yaml
        trust zerocrit
        does "signed by whom may: it takes the place of ours" 3 'NOT SHOWN' judge empty.json --rules single --trust trust.yaml --format json
        ok "alone" json "d['pack']['rules'] == 1 and [p['origin'] for p in d['pack']['parts']] == ['signed']"
fi
# ---- the profiles of a pack ----
mkdir -p shop/profiles && cp ZC-T-002.yaml shop/
printf 'profile: web\ntitle: What a shop may have\nextends: "acme-shop:least"\nexclude: ["severity:info"]\n' >shop/profiles/web.yaml
printf 'profile: least\ntitle: The least\nextends: strict\nexclude: [ZC-HTTP-001]\n' >shop/profiles/least.yaml
# packed NAME: shop/ as the pack acme-shop in a folder of that name.
packed() { "$ZC" rules export shop acme-shop 1.0.0 -o "$1" >/dev/null 2>err; }
packed shop1
with=(judge empty.json --rules shop1 --allow-unsigned --format json)
does "a pack's profile is asked for by its pack's name" 3 'NOT SHOWN' "${with[@]}" --profile acme-shop:web
ok "with what it extends, the pack's own and ours" json "d['profile'] == d['selection']['profile'] == 'acme-shop:web' and d['selection']['extends'][:2] == ['acme-shop:least', 'strict']"
ok "and it selects" json "'ZC-HTTP-001' in str(d['selection']['left_out'])"
printf 'schema: zerocrit.config/1\nprofile: acme-shop:web\n' >shop.yaml
does "a configuration names it, too" 3 'acme-shop:web' "${with[@]}" --config shop.yaml
does "one that it has not" 2 '--profile: no profile "acme-shop:wbe"; did you mean acme-shop:web' "${with[@]}" --profile acme-shop:wbe
does "of no pack" 2 'no pack that was named .--rules. has profiles' judge empty.json --profile acme-shop:web
printf 'policy: acme\nowner: s@acme.example\nprofile: acme-shop:least\n' >policy.yaml
chmod 600 policy.yaml
does "a policy that asks for a pack's does not take an unsigned one" 2 'which the policy asks for' "${with[@]}" --profile acme-shop:web --policy policy.yaml
printf 'profile: acme-shop:least\ntitle: t\n' >mine.yaml
does "nor a file by its name" 2 'which the policy asks for' "${with[@]}" --profile mine.yaml --policy policy.yaml
echo '# changed' >>shop1/profiles/web.yaml
does "its bytes are held to the manifest" 2 'profiles/web.yaml is not the file that the manifest names' "${with[@]}" --profile acme-shop:web
cp mine.yaml shop/profiles/other.yaml && packed shop2
does "its name is its file's" 2 'profiles/other.yaml:1:1: profile should be other' judge empty.json --rules shop2 --allow-unsigned
printf 'profile: other\ntitle: t\nextendz: x\n' >shop/profiles/other.yaml && packed shop3
does "what is wrong in one is said when the pack is opened" 2 'profiles/other.yaml:3:1: .*did you mean extends' judge empty.json --rules shop3 --allow-unsigned
printf 'profile: other\ntitle: t\nextends: ../../mine.yaml\n' >shop/profiles/other.yaml && packed shop4
does "it extends no file" 2 'no file, which nobody signed' judge empty.json --rules shop4 --allow-unsigned --profile acme-shop:other
rm shop/profiles/other.yaml && packed shop5
if [ -f k.pem ]; then
        openssl pkeyutl -sign -rawin -inkey k.pem -in shop5/pack.yaml -out shop5/pack.sig
        trust "acme-*"
        does "a policy takes a signed one" 3 'NOT SHOWN' judge empty.json --rules shop5 --trust trust.yaml --profile acme-shop:web --policy policy.yaml
        sed -i 's/severity:info/severity:low/' shop5/profiles/web.yaml
        does "a signed one that was changed is refused" 2 'is not the file that the manifest names' judge empty.json --rules shop5 --trust trust.yaml --profile acme-shop:web
fi
does "an option of another word" 2 'takes no --kind' rules coverage --kind redis
echo "1..$n"
exit $bad
