#!/usr/bin/python3
"""Packs made to harm: each is refused, or judged within its budget, in little memory, with a message that says what and where.

Environment: ZC the program; BENCH=1 prints what each took. Memory is asserted by the process's own peak, time only by a limit on the processor's
seconds that a runaway would reach; the real figures are make bench's.
"""
import base64
import hashlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
SANITIZED = "/obj/" in ZC
PEAK_KB = 32 * 1024
RULE = """  - id: ZC-EVIL-{n:03}
    title: t
    severity: high
    applies_to: firewall
    needs: [{needs}]
    when: {when}
    confidence: derived
    message: {message}
    rationale: r
    remediation: {{text: x, reproduce: [y]}}
    since: "1"
    tests:
      - {{name: f, self: {self}, expect: {f}}}
      - {{name: p, self: {self}, expect: {p}}}
      - {{name: u, self: {{}}, expect: unknown}}
"""


def rule(when, needs="self.rules", n=1, message="m", data="{rules: 1, backend: [a, b]}", f="fail", p="pass"):
    return RULE.format(n=n, when="'" + when.replace("'", "''") + "'", needs=needs, message=message, self=data, f=f, p=p)


def rules(*texts):
    return "rules:\n" + "".join(texts)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def manifest(files, **kw):
    head = {"schema": "zerocrit.pack/1", "name": "evil", "version": "1.0.0", "min_zerocrit": "0.1.0", "created": "2026-11-22T10:00:00Z"}
    head.update(kw)
    return "".join(f"{k}: {v}\n" for k, v in head.items()) + "files:\n" + "".join(f"  {k}: {v}\n" for k, v in files.items())


class Pack:
    """A folder to fill."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path)

    def put(self, name, data):
        if isinstance(data, str):
            data = data.encode()
        full = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
        return data

    def signed(self, data=None, sig=b"\0" * 64, **kw):
        data = self.put("a.yaml", data or rules(rule("self.rules == 0")))
        self.put("pack.yaml", manifest({"a.yaml": digest(data)}, **kw))
        self.put("pack.sig", sig)


def one(text):
    return lambda p: p.put("a.yaml", text)


def link(p):
    p.put("a.yaml", rules(rule("self.rules == 0")))
    os.symlink("/etc/shadow", os.path.join(p.path, "b.yaml"))


def link_folder(p):
    p.put("a.yaml", rules(rule("self.rules == 0")))
    os.symlink("/", os.path.join(p.path, "root"))


def fifo(p):
    os.mkfifo(os.path.join(p.path, "a.yaml"))


def device(p):
    os.mknod(os.path.join(p.path, "a.yaml"), 0o600 | 0o020000, os.makedev(1, 5))


def fifo_manifest(p):
    os.mkfifo(os.path.join(p.path, "pack.yaml"))


def link_manifest(p):
    p.signed()
    os.rename(os.path.join(p.path, "pack.yaml"), os.path.join(p.path, "real.yaml"))
    os.symlink("real.yaml", os.path.join(p.path, "pack.yaml"))


def many_files(p):
    for i in range(100000):
        os.mknod(os.path.join(p.path, f"{i}.yaml"))


def many_folders(p):
    at = p.path
    for i in range(60):
        at = os.path.join(at, "d")
        os.mkdir(at)


def many_bytes(p):
    for i in range(40):
        p.put(f"{i}.yaml", rules(*[rule("self.rules == 0", n=(i * 20 + k) % 1000, message='"' + "m" * 40000 + '"') for k in range(20)]))


def many_values(p):
    for i in range(30):
        p.put(f"{i}.yaml", rules(rule("self.rules == 0", n=i, data="{rules: 0, a: [" + "1," * 20000 + "1]}")))


def many_listed(p):
    p.put("a.yaml", "x")
    p.put("pack.yaml", manifest({f"f{i}.yaml": digest(b"") for i in range(5000)}))
    p.put("pack.sig", b"\0" * 64)


def path_in_manifest(path):
    def build(p):
        p.put("a.yaml", rules(rule("self.rules == 0")))
        p.put("pack.yaml", manifest({path: digest(b"")}))
    return build


def signature(sig, **kw):
    return lambda p: p.signed(sig=sig, **kw)


def manifest_bytes(change):
    def build(p):
        p.signed()
        with open(os.path.join(p.path, "pack.yaml"), "rb") as f:
            data = f.read()
        p.put("pack.yaml", change(data))
        os.unlink(os.path.join(p.path, "pack.sig"))
    return build


NESTED_CEL = "(" * 2000 + "self.rules" + ")" * 2000 + " == 0"
MACROS = "self.backend.all(a, self.backend.all(b, self.backend.all(c, self.backend.all(d, self.backend.all(e, a == b && c == d && e == a)))))"
WIDE = "[" + ",".join("0" for _ in range(200)) + "]"
LOOPS = f"{WIDE}.all(a, {WIDE}.all(b, {WIDE}.all(c, a + b + c >= 0))) && self.rules == 0"
GROW = "self.backend.map(a, 'x').map(a, a + a).map(a, a + a + a + a).size() == 0"
DOUBLE = "cel.bind(a, 'xxxxxxxxxxxxxxxx', cel.bind(b, a + a + a + a + a + a + a + a, cel.bind(c, b + b + b + b + b + b + b + b, " \
         "cel.bind(d, c + c + c + c + c + c + c + c, cel.bind(e, d + d + d + d + d + d + d + d, " \
         "cel.bind(f, e + e + e + e + e + e + e + e, cel.bind(g, f + f + f + f + f + f + f + f, g + g + g + g)))))))" \
         ".size() == self.rules"
SIG = base64.b64encode(b"\1" * 64)

# name, how the folder is filled, what the message must say. The command is `rules check`.
REFUSED = [
    ("nesting in YAML", one("rules: " + "[" * 5000 + "]" * 5000), r"a\.yaml:1:\d+: .*deep|more than 32"),
    ("nesting of blocks in YAML", one("".join(" " * i + "a:\n" for i in range(300))), r"a\.yaml:\d+:\d+: "),
    ("nesting in an expression", one(rules(rule(NESTED_CEL))), r"a\.yaml:\d+:\d+: .*nest"),
    ("a hundred nots", one(rules(rule("!" * 5000 + "(self.rules == 0) && " + "-" * 5000 + "1 == 1 && (" * 200))), r"a\.yaml:\d+:\d+: "),
    ("macros in macros", one(rules(rule(MACROS, needs="self.backend"))), r"a\.yaml:\d+:\d+: .*(comprehension|macro|nest)"),
    ("an expression of 1 MiB", one(rules(rule("self.rules == 0 || " * 50000 + "false"))), r"a\.yaml:?.*(longer|larger|more) than \d+"),
    ("an expression of 17 KiB", one(rules(rule("self.rules == 0 || " * 900 + "false"))), r"a\.yaml:\d+:\d+: .*longer than 16384"),
    ("a literal of 900 KB", one(rules(rule("self.backend == ['" + "x" * 900000 + "']", needs="self.backend"))), r"a\.yaml:\d+:\d+: .*longer than"),
    ("a number of 10000 digits", one(rules(rule("self.rules == " + "9" * 10000))), r"a\.yaml:\d+:\d+: "),
    ("a file of 2 MiB", one("# " + "x" * (2 << 20)), r"a\.yaml is larger than the 1048576 bytes"),
    ("100,000 values in a file", one("rules: [" + "1," * 100000 + "1]"), r"a\.yaml:\d+:\d+: .*more than 65536"),
    ("a regular expression with a back-reference", one(rules(rule(r'self.backend[0].matches("(a)\\1")', needs='"self.backend[]"'))), r"a\.yaml:\d+:\d+: .*regular expression"),
    ("a regular expression that looks around", one(rules(rule(r'self.backend[0].matches("(?=a)b")', needs='"self.backend[]"'))), r"a\.yaml:\d+:\d+: .*regular expression"),
    ("a regular expression of nested bounds", one(rules(rule('self.backend[0].matches("((((a{1,900}){1,900}){1,900}){1,900})")', needs='"self.backend[]"'))), r"a\.yaml:\d+:\d+: .*regular expression"),
    ("65 regular expressions", one(rules(rule(" || ".join(f'self.backend[0].matches("a{i}")' for i in range(65)), needs='"self.backend[]"'))), r"a\.yaml:\d+:\d+: .*more than 64"),
    ("33 arguments", one(rules(rule("math.greatest(" + ",".join("1" * 40) + ") == self.rules"))), r"a\.yaml:\d+:\d+: "),
    ("aliases of aliases", one("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{c}: &{c} [{','.join(['*' + b] * 9)}]\n" for b, c in zip("abcdefgh", "bcdefghi"))), r"a\.yaml:1:\d+: .*anchor"),
    ("an alias", one("rules: *a\n"), r"a\.yaml:1:\d+: "),
    ("a tag", one("rules: !!python/object/apply:os.system ['true']\n"), r"a\.yaml:1:\d+: .*tag"),
    ("a directive", one("%YAML 1.1\n---\nrules: []\n"), r"a\.yaml:\d+:\d+: "),
    ("a merge key", one("rules:\n  - {<<: {id: a}}\n"), r"a\.yaml:2:\d+: .*merge"),
    ("a key twice", one(rules(rule("self.rules == 0")) + "    title: other\n"), r"a\.yaml:\d+:\d+: .*twice"),
    ("a second document", one(rules(rule("self.rules == 0")) + "---\nrules: []\n"), r"a\.yaml:\d+:\d+: .*second document"),
    ("a NUL", one(rules(rule("self.rules == 0")) + "\0"), r"a\.yaml:\d+:\d+: "),
    ("bytes that are no UTF-8", one(b"rules: \xff\xfe\xff"), r"a\.yaml:\d+:\d+: "),
    ("UTF-16", one(rules(rule("self.rules == 0")).encode("utf-16")), r"a\.yaml"),
    ("one id twice", one(rules(rule("self.rules == 0"), rule("self.rules == 0"))), r"a\.yaml:\d+:\d+: .*taken"),
    ("a symbolic link to a file", link, r"b\.yaml is a symbolic link"),
    ("a symbolic link to a folder", link_folder, r"root is a symbolic link"),
    ("a FIFO", fifo, r"a\.yaml is a FIFO"),
    ("a device", device, r"a\.yaml is a device"),
    ("a FIFO for a manifest", fifo_manifest, r"pack\.yaml is a FIFO"),
    ("a symbolic link for a manifest", link_manifest, r"pack\.yaml is a symbolic link"),
    ("100,000 files", many_files, r"more than 4096 files"),
    ("60 folders deep", many_folders, r"more than 8 folders deep"),
    ("30 MB in 40 files", many_bytes, r"more than 4194304 bytes together|bytes"),
    ("1,800,000 values in 30 files", many_values, r"more than 65536 values in one pack"),
    ("a manifest of 5,000 files", many_listed, r"at most 4096 files|bytes are no signature|not that of any"),
    ("a manifest that climbs", path_in_manifest("../../etc/passwd"), r"pack\.yaml:7:\d+: .*below the folder"),
    ("a manifest that names the root", path_in_manifest("/etc/passwd"), r"pack\.yaml:7:\d+: .*below the folder"),
    ("a manifest that climbs later", path_in_manifest("a/../../b"), r"pack\.yaml:7:\d+: .*below the folder"),
    ("a manifest with an odd name", path_in_manifest('"a\\u202eb"'), r"pack\.yaml:7:\d+: .*below the folder"),
    ("a manifest with CR LF", manifest_bytes(lambda b: b.replace(b"\n", b"\r\n")), r"pack\.yaml:1:\d+: byte 0x0d"),
    ("a manifest with one CR", manifest_bytes(lambda b: b.replace(b"name: evil", b"name: good\rname: evil")), r"pack\.yaml:2:11: byte 0x0d"),
    ("a manifest with a NEL", manifest_bytes(lambda b: b.replace(b"name: evil", b"name: evil\xc2\x85")), r"pack\.yaml:2:11: byte 0xc2"),
    ("a manifest with a key twice", manifest_bytes(lambda b: b + b"files: {}\n"), r"pack\.yaml:8:1: .*twice"),
    ("a manifest and a second one", manifest_bytes(lambda b: b + b"---\n" + b), r"pack\.yaml:8:\d+: .*second document"),
    ("a manifest with anchors", manifest_bytes(lambda b: b.replace(b"name: evil", b"name: &a evil")), r"pack\.yaml:2:\d+: .*anchor"),
    ("no signature at all", signature(b""), r"pack\.sig: 0 bytes are no signature"),
    ("a signature twice", signature(b"\1" * 128), r"pack\.sig: 128 bytes are no signature"),
    ("a signature in base64, twice", signature(SIG + SIG), r"pack\.sig: 176 bytes are no signature"),
    ("two signatures on two lines", signature(SIG + b"\n" + SIG), r"pack\.sig: 177 bytes are no signature"),
    ("a signature and CR LF", signature(SIG + b"\r\n"), r"pack\.sig: 90 bytes are no signature"),
    ("a signature and LF", signature(SIG + b"\n"), r"pack\.sig: 89 bytes are no signature"),
    ("a signature with a CR for its last sign", signature(SIG[:-1] + b"\r"), r"pack\.sig: 88 bytes are no signature"),
    ("a signature of two minisign lines", signature(b"untrusted comment: x\nRWQ" + SIG), r"pack\.sig: \d+ bytes are no signature"),
    ("a signature of 1 MiB", signature(b"\1" * (1 << 20)), r"pack\.sig is larger than the 4096 bytes"),
]

# These load, for each is a rule like any other; what they cost is bounded when they run. The command is `rules test`; the tests of each fail.
BOUNDED = [
    ("loops in loops in loops", rules(rule(LOOPS)), r"budget"),
    ("a string that grows eightfold six times", rules(rule(DOUBLE)), r"larger than its limit"),
    ("a regular expression that backtracks", rules(rule('self.tables[0].name.matches("^(a|a)*(a|a)*(a|a)*$")', needs='"self.tables[].name"',
                                                        data="{tables: [{name: " + "a" * 3000 + "b}]}")), r"match|limit|budget|passed"),
    ("a message that grows", rules(rule("self.rules == 1", message='"{{ ' + DOUBLE.replace(".size() == self.rules", "") + ' }}"')), r"passed"),
]


def run(args, cwd):
    """Status, standard error and output, peak in KiB, processor's seconds."""
    def limits():
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))

    with tempfile.TemporaryFile() as out:
        p = subprocess.Popen([ZC] + args, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd, preexec_fn=limits)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return p.returncode, out.read().decode(errors="replace"), usage.ru_maxrss, usage.ru_utime + usage.ru_stime


count = 0
bad = 0


def row(name, good, detail=""):
    global count, bad
    count += 1
    bad += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    if not good:
        print("# " + detail.replace("\n", "\n# "), flush=True)


def judge(name, args, cwd, status, says):
    code, text, peak, seconds = run(args, cwd)
    small = SANITIZED or peak <= PEAK_KB
    good = code == status and re.search(says, text) and small and text.count("\n") <= 12
    row(name, bool(good), f"status {code}, {peak} KiB: {text[:2000]}")
    if os.environ.get("BENCH"):
        print(f"# {name}: {seconds * 1000:.0f} ms, {peak} KiB", flush=True)


def main():
    work = tempfile.mkdtemp(prefix="zc-hostile-")
    try:
        for name, build, says in REFUSED:
            pack = Pack(os.path.join(work, "pack"))
            try:
                build(pack)
            except PermissionError:
                row(f"{name} # SKIP devices are made by root", True)
                shutil.rmtree(pack.path)
                continue
            judge(f"{name}: refused", ["rules", "check", "pack"], work, 2, says)
            shutil.rmtree(pack.path)
        for name, text, says in BOUNDED:
            pack = Pack(os.path.join(work, "pack"))
            pack.put("a.yaml", text)
            judge(f"{name}: within its budget", ["rules", "test", "pack"], work, 1, says)
            shutil.rmtree(pack.path)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{count}")
    return bad > 0


sys.exit(main())
