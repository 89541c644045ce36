#!/usr/bin/python3
"""Trust and names, certificate by certificate, against other judges of the same: OpenSSL's own `verify` and `x509 -checkhost`, and GnuTLS's
certtool, which shares no code with them. Roots are found in a hashed folder, as a system has them. Where the judges are known to differ, a row
says so."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

O = os.path.abspath(os.environ.get("O", "build/obj/default"))
TOOL = f"{O}/tests/tool_certificates"
work = tempfile.mkdtemp(prefix="zc-certificates-")
count = 0


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok:
        print("# " + str(detail).replace("\n", "\n# ")[:3000])


def run(*args, **kw):
    return subprocess.run(args, capture_output=True, text=True, cwd=work, check=False, **{"stdin": subprocess.DEVNULL, **kw} if "input" not in kw else kw)


def must(*args):
    r = run(*args)
    if r.returncode:
        raise SystemExit(f"Bail out! {' '.join(args)}: {r.stderr}")


CONFIG = """[ca]
default_ca = d
[d]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = optional
[x]
%s
"""
LEAF = "basicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = serverAuth\n"
SUB = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
KEYS = {"ec": ["EC", "ec_paramgen_curve:P-256"], "ec384": ["EC", "ec_paramgen_curve:P-384"], "ed25519": ["ED25519", None],
        "rsa": ["RSA", "rsa_keygen_bits:2048"], "rsa1024": ["RSA", "rsa_keygen_bits:1024"]}
GOOD = "DNS:good.example"


def make(name, issuer, ext, key="ec", first=-10, last=80, md="sha256", cn=None):
    """issuer None: signed by itself."""
    algorithm, option = KEYS[key]
    must("openssl", "genpkey", "-algorithm", algorithm, *(["-pkeyopt", option] if option else []), "-out", f"{name}.key")
    with open(f"{work}/ca.cnf", "w", encoding="ascii") as f:
        f.write(CONFIG % ext)
    now = datetime.now(timezone.utc)
    stamp = lambda days: (now + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
    must("openssl", "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={cn or name}", "-out", f"{name}.csr")
    sign = ["-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"] if issuer else ["-selfsign", "-keyfile", f"{name}.key"]
    md = "default" if issuer and KEYS_OF.get(issuer) == "ed25519" or not issuer and key == "ed25519" else md
    must("openssl", "ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", "-extensions", "x", "-startdate", stamp(first),
         "-enddate", stamp(last), "-md", md, "-rand_serial", *sign)
    KEYS_OF[name] = key


KEYS_OF = {}
ROOTS = ("root", "rootrsa", "rootsoon")
# authority: issuer, extensions, and what make() takes
AUTHORITIES = {
    "root": (None, SUB, {"first": -900, "last": 900}), "rootrsa": (None, SUB, {"key": "rsa", "first": -900, "last": 900}),
    "rootsoon": (None, SUB, {"first": -900, "last": -5}), "stranger": (None, SUB, {}),
    "sub": ("root", SUB, {"last": 400}), "subrsa": ("rootrsa", SUB, {"key": "rsa"}), "sub384": ("root", SUB, {"key": "ec384"}), "sub25519": ("root", SUB, {"key": "ed25519"}),
    "subold": ("root", SUB, {"first": -90, "last": -3}), "subearly": ("root", SUB, {"first": 3}), "sub1024": ("rootrsa", SUB, {"key": "rsa1024"}),
    "subsha1": ("rootrsa", SUB, {"key": "rsa", "md": "sha1"}), "submd5": ("rootrsa", SUB, {"key": "rsa", "md": "md5"}),
    "notca": ("root", LEAF, {}), "nosign": ("root", "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,digitalSignature\n", {}),
    "sub0": ("root", "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign\n", {}), "below0": ("sub0", SUB, {}),
    "permits": ("root", SUB + "nameConstraints = critical,permitted;DNS:good.example\n", {}),
    "excludes": ("root", SUB + "nameConstraints = critical,excluded;DNS:bad.example\n", {}),
    "permitsip": ("root", SUB + "nameConstraints = critical,permitted;IP:192.0.2.0/255.255.255.0,excluded;DNS:.\n", {}),
    "mailonly": ("root", SUB + "extendedKeyUsage = emailProtection\n", {}),
    "substranger": ("stranger", SUB, {}),
}
SAN = lambda names: LEAF + f"subjectAltName = {names}\n"
# leaf: issuer, extensions, what make() takes, what is served behind it
LEAVES = {
    "good": ("sub", SAN(GOOD), {}, "sub"), "direct": ("root", SAN(GOOD), {}, ""), "withroot": ("sub", SAN(GOOD), {}, "sub root"),
    "goodrsa": ("subrsa", SAN(GOOD), {"key": "rsa"}, "subrsa"), "ec384": ("sub384", SAN(GOOD), {"key": "ec384"}, "sub384"),
    "ed25519": ("sub25519", SAN(GOOD), {"key": "ed25519"}, "sub25519"),
    "expired": ("sub", SAN(GOOD), {"first": -90, "last": -3}, "sub"), "early": ("sub", SAN(GOOD), {"first": 3}, "sub"),
    "subisold": ("subold", SAN(GOOD), {}, "subold"), "subisearly": ("subearly", SAN(GOOD), {}, "subearly"), "rootisold": ("rootsoon", SAN(GOOD), {}, ""),
    "alone": (None, SAN(GOOD), {}, ""), "aloneold": (None, SAN(GOOD), {"first": -90, "last": -3}, ""),
    "strange": ("stranger", SAN(GOOD), {}, ""), "strangeroot": ("stranger", SAN(GOOD), {}, "stranger"), "strangesub": ("substranger", SAN(GOOD), {}, "substranger"),
    "lonely": ("sub", SAN(GOOD), {}, ""), "astray": ("sub", SAN(GOOD), {}, "subrsa"), "extra": ("sub", SAN(GOOD), {}, "subrsa stranger sub"),
    "twice": ("sub", SAN(GOOD), {}, "SELF sub sub"), "backwards": ("sub", SAN(GOOD), {}, "root sub"),
    "sha1": ("subrsa", SAN(GOOD), {"md": "sha1"}, "subrsa"), "md5": ("subrsa", SAN(GOOD), {"md": "md5"}, "subrsa"), "rsa1024": ("sub", SAN(GOOD), {"key": "rsa1024"}, "sub"),
    "weaksub": ("sub1024", SAN(GOOD), {}, "sub1024"), "sha1sub": ("subsha1", SAN(GOOD), {}, "subsha1"), "md5sub": ("submd5", SAN(GOOD), {}, "submd5"),
    "bynotca": ("notca", SAN(GOOD), {}, "notca"), "bynosign": ("nosign", SAN(GOOD), {}, "nosign"), "toodeep": ("below0", SAN(GOOD), {}, "below0 sub0"), "deep": ("sub0", SAN(GOOD), {}, "sub0"),
    "permitted": ("permits", SAN(GOOD), {"cn": "good.example"}, "permits"), "notpermitted": ("permits", SAN("DNS:other.example"), {"cn": "good.example"}, "permits"),
    "alsonot": ("permits", SAN(GOOD + ",DNS:other.example"), {"cn": "good.example"}, "permits"), "below": ("permits", SAN("DNS:a.good.example"), {"cn": "good.example"}, "permits"),
    "excluded": ("excludes", SAN("DNS:www.bad.example"), {"cn": "good.example"}, "excludes"), "notexcluded": ("excludes", SAN(GOOD), {"cn": "good.example"}, "excludes"),
    "ippermitted": ("permitsip", SAN("IP:192.0.2.7"), {"cn": "an address"}, "permitsip"), "ipnot": ("permitsip", SAN("IP:198.51.100.7"), {"cn": "an address"}, "permitsip"),
    "bymail": ("mailonly", SAN(GOOD), {}, "mailonly"), "clientonly": ("sub", SAN(GOOD).replace("serverAuth", "clientAuth"), {}, "sub"),
    "anyuse": ("sub", SAN(GOOD).replace("serverAuth", "anyExtendedKeyUsage"), {}, "sub"), "bothuse": ("sub", SAN(GOOD).replace("serverAuth", "serverAuth,clientAuth"), {}, "sub"),
    "nouse": ("sub", f"basicConstraints = CA:FALSE\nsubjectAltName = {GOOD}\n", {}, "sub"), "signsonly": ("sub", SAN(GOOD).replace("digitalSignature", "keyCertSign"), {}, "sub"),
    "isca": ("sub", SUB + f"subjectAltName = {GOOD}\n", {}, "sub"), "unheardof": ("sub", SAN(GOOD) + "1.2.3.4 = critical,ASN1:NULL\n", {}, "sub"),
    "cnonly": ("sub", LEAF, {"cn": "good.example"}, "sub"), "cnother": ("sub", SAN("DNS:other.example"), {"cn": "good.example"}, "sub"),
    "mailname": ("sub", SAN("email:root@good.example"), {"cn": "good.example"}, "sub"), "uriname": ("sub", SAN("URI:https://good.example/"), {"cn": "x"}, "sub"),
    "wild": ("sub", SAN("DNS:*.good.example"), {}, "sub"), "wildpart": ("sub", SAN("DNS:w*.good.example"), {}, "sub"), "wildin": ("sub", SAN("DNS:www.*.example"), {}, "sub"),
    "wildtwo": ("sub", SAN("DNS:*.*.example"), {}, "sub"), "wildtop": ("sub", SAN("DNS:*.example"), {}, "sub"), "wildall": ("sub", SAN("DNS:*"), {}, "sub"),
    "upper": ("sub", SAN("DNS:GOOD.Example"), {}, "sub"), "puny": ("sub", SAN("DNS:xn--mnchen-3ya.example"), {}, "sub"), "wildpuny": ("sub", SAN("DNS:xn--*.example"), {}, "sub"),
    "four": ("sub", SAN("IP:192.0.2.7"), {}, "sub"), "six": ("sub", SAN("IP:2001:db8::7"), {}, "sub"), "dnsfour": ("sub", SAN("DNS:192.0.2.7"), {}, "sub"),
    "many": ("sub", SAN(",".join(f"DNS:h{i}.example" for i in range(150)) + "," + GOOD), {}, "sub"), "under": ("sub", SAN("DNS:a_b.example"), {}, "sub"),
    "dotted": ("sub", SAN("DNS:good.example."), {}, "sub"), "localhost": ("sub", SAN("DNS:localhost"), {}, "sub"),
}
HOSTS = ("good.example", "GOOD.EXAMPLE", "www.good.example", "a.www.good.example", "other.example", "example", "xn--mnchen-3ya.example", "a_b.example", "localhost",
         "192.0.2.7", "192.0.2.8", "2001:db8::7", "2001:0DB8:0:0::7", "::ffff:192.0.2.7", "good.example.evil.test", "notgood.example", "www.bad.example", "h149.example")
# where zerocrit says no by a rule of its own (RFC 9525: no common name, no wildcard but a whole leftmost label) and OpenSSL's `-checkhost` yes
STRICTER = {("cnonly", "good.example"), ("cnonly", "GOOD.EXAMPLE"), ("mailname", "good.example"), ("mailname", "GOOD.EXAMPLE"), ("wildpart", "www.good.example"), ("wildpuny", "xn--mnchen-3ya.example")}


def chain(name, behind):
    with open(f"{work}/{name}.served", "w", encoding="ascii") as f:
        for part in [name, *(name if b == "SELF" else b for b in behind.split())]:
            f.write(open(f"{work}/{part}.pem", encoding="ascii").read())


def broken(name, of):
    """The same certificate, with a signature that does not fit."""
    must("openssl", "x509", "-in", f"{of}.pem", "-outform", "DER", "-out", "der")
    der = bytearray(open(f"{work}/der", "rb").read())
    der[-3] ^= 1
    open(f"{work}/der", "wb").write(der)
    must("openssl", "x509", "-in", "der", "-inform", "DER", "-out", f"{name}.pem")


def pki():
    open(f"{work}/index", "w", encoding="ascii").close()
    for name, (issuer, ext, more) in AUTHORITIES.items():
        make(name, issuer, ext, **more)
    for name, (issuer, ext, more, behind) in LEAVES.items():
        make(name, issuer, ext, **more)
        chain(name, behind)
    broken("tampered", "good")
    chain("tampered", "sub")
    broken("subtampered", "sub")
    with open(f"{work}/badsub.served", "w", encoding="ascii") as f:
        f.write(open(f"{work}/good.pem", encoding="ascii").read() + open(f"{work}/subtampered.pem", encoding="ascii").read())
    shutil.copy(f"{work}/good.pem", f"{work}/badsub.pem")
    os.mkdir(f"{work}/roots")
    for root in ROOTS:
        shutil.copy(f"{work}/{root}.pem", f"{work}/roots")
    must("openssl", "rehash", "roots")
    with open(f"{work}/roots.pem", "w", encoding="ascii") as f:
        f.write("".join(open(f"{work}/{root}.pem", encoding="ascii").read() for root in ROOTS))
    return [*LEAVES, "tampered", "badsub"]


def ours(rows):
    env = {k: v for k, v in os.environ.items() if k != "SSL_CERT_FILE"}
    r = run(TOOL, input="".join(f"{work}/{name}.served {host}\n" for name, host in rows), env={**env, "SSL_CERT_DIR": f"{work}/roots"})
    if r.returncode:
        raise SystemExit(f"Bail out! {r.stderr}")
    return dict(zip(rows, map(json.loads, r.stdout.splitlines())))


def by_openssl(name):
    """Whether `openssl verify` trusts it, and every complaint that it has."""
    r = run("openssl", "verify", "-CApath", "roots", "-no-CAfile", "-no-CAstore", "-purpose", "sslserver", "-auth_level", "0", "-untrusted", f"{name}.served", f"{name}.pem")
    return r.returncode == 0, set(re.findall(r"error \d+ at \d+ depth lookup: (.*)", r.stderr + r.stdout))


def by_gnutls(name, host):
    r = run("certtool", "--verify", "--load-ca-certificate", "roots.pem", "--verify-profile", "low", "--verify-allow-broken", "--verify-purpose", "1.3.6.1.5.5.7.3.1",
            "--verify-hostname", host, "--infile", f"{name}.served")
    return r.returncode == 0, r.stdout + r.stderr


def paths(names, seen):
    for name in names:
        path = seen[name, "good.example"]["path"]
        trusted, complaints = by_openssl(name)
        told = path["reason"] != "unknown" and (path["reason"] != "other") == (name != "unheardof")
        tap(path["trusted"] is trusted and (trusted or path["detail"] in complaints) and told,
            f"{name}: {path['reason']}, as openssl verify has it", (path, trusted, complaints))


def hosts(names, seen):
    wrong = []
    for name in names:
        for host in HOSTS:
            option = "-checkip" if re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", host) else "-checkhost"
            r = run("openssl", "x509", "-in", f"{name}.pem", "-noout", option, host)
            theirs = "does match" in r.stdout
            mine = seen[name, host]["match"].get("matched")
            if mine is not (theirs and (name, host) not in STRICTER):
                wrong.append((name, host, mine, theirs))
    tap(not wrong, f"{len(names) * len(HOSTS)} names and addresses, as openssl x509 matches them, but for what RFC 9525 took away", wrong)


# GnuTLS refuses an MD5 signature whatever it is told (a rule of its own here: ZC-TLS-027), takes the common name where there is no name else,
# takes anyExtendedKeyUsage for a server's, and asks no key usage of a leaf
GNUTLS_DIFFERS = {"md5", "md5sub", "cnonly", "mailname", "anyuse", "signsonly", "isca"}


def gnutls(names, seen):
    if not shutil.which("certtool"):
        global count
        count += 1
        print(f"ok {count} - the same by GnuTLS # SKIP certtool is not installed (gnutls-bin)")
        return
    wrong = []
    for name in names:
        o = seen[name, "good.example"]
        mine = o["path"]["trusted"] and o["match"]["matched"]
        theirs, words = by_gnutls(name, "good.example")
        if mine is not theirs and name not in GNUTLS_DIFFERS:
            wrong.append((name, mine, theirs, words[-300:]))
    tap(not wrong, f"{len(names)} chains for good.example, as GnuTLS has them", "\n".join(map(str, wrong)))


def main():
    if not shutil.which("openssl"):
        print("1..0 # SKIP needs openssl")
        return
    names = pki()
    seen = ours([(name, host) for name in names for host in HOSTS])
    paths(names, seen)
    hosts([n for n in names if n == "good" or n in LEAVES and f"subjectAltName = {GOOD}\n" not in LEAVES[n][1]], seen)
    gnutls(names, seen)
    reasons = {seen[n, "good.example"]["path"]["reason"] for n in names}
    tap(reasons >= {"trusted", "expired", "not_yet_valid", "self_signed", "unknown_root", "unknown_issuer", "bad_signature", "invalid_ca", "wrong_purpose", "name_constraint"},
        "every reason that there is a word for was met", reasons)
    tap(seen["good", "good.example"]["path"]["store"] == f"{work}/roots", "the folder of SSL_CERT_DIR is the store", seen["good", "good.example"]["path"])


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
if count:
    print(f"1..{count}")
