#!/usr/bin/python3
"""Makes the output in docs/first-hour.md anew, by doing what that page says on the hosts of the lab. Needs root.

In the page `<!-- output: NAME -->` stands before each block that is made here; its YAML files are those of the page itself. Of a long page
only some lines are kept (KEPT), and what is left out stands as one line of an ellipsis."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import lab  # noqa: E402

ZC = os.path.abspath(os.environ.get("ZC", "build/zerocrit"))
PAGE = "docs/first-hour.md"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

# name: (machine, named, as whom, what is typed); {good}, {bad} are the hosts' outer addresses. In the page's order: later ones read what earlier ones wrote.
WALKS = {
    "doctor": ("out", "desk", NOBODY, "doctor"),
    "dry run": ("out", "desk", (), "audit --config audit.yaml --dry-run"),
    "audit": ("out", "scan-out", (), "audit --config audit.yaml --vantage scan-out --evidence outside.json --report json=report.json --report html=report.html"),
    "explain": ("out", "desk", (), "explain C1 report.json"),
    "inside": ("bad1", "shop", (), "collect local --vantage shop -o inside.json"),
    "both": ("out", "desk", (), "judge inside.json outside.json --format terminal"),
    "pipeline": ("out", "runner", (), "audit --config zerocrit.yaml --report sarif=zc.sarif --report junit=zc.xml --report markdown=zc.md -q"),
    "summary": ("out", "runner", (), "zc.md"),
    "down": ("out", "runner", (), "audit postgres://{good}:5433 redis://{good}:6380 https://{good} --only tls,http,postgres,redis"),
    "operator": ("good1", "web1", (), "audit local --report json=first.json"),
    "next day": ("good1", "web1", (), "audit local --baseline first.json --fail-on new-high,critical -q"),
    "unprivileged": ("good1", "web1", NOBODY, "audit local"),
}
# name: regular expressions of kept lines, each with how many lines from there; everything where it is not named
KEPT = {
    "doctor": ((r"capabilities", 4), (r"landlock", 2), (r"resolver", 1), (r"ipv6", 3)),
    "dry run": ((r"^Dry run", 12),),
    "audit": ((r"^PORT", 0), (r"^CRITICAL", 4), (r"^NOT MET", 1)),
    "explain": ((r"^    sent", 5), (r"^    see", 2)),
    "both": ((r"^PORT", 0), (r"^HIGH", 4), (r"^NOT MET", 1)),
    "summary": ((r"^## ", 0), (r"^1 critical", 0), (r"^\| severity", 4), (r"^\| critical \|.*ZC", 1)),
    "down": ((r"^NOT SHOWN", 1),),
    "next day": ((r"^SINCE", 1),),
    "unprivileged": ((r"^NOT SHOWN", 1),),
}


def kept(name, text):
    """The lines that KEPT names; 0 lines means up to the next empty one."""
    lines, out, end = text.rstrip("\n").split("\n"), [], 0
    if name not in KEPT:
        return "\n".join(lines)
    for pattern, count in KEPT[name]:
        at = next((i for i in range(end, len(lines)) if re.search(pattern, lines[i])), None)
        if at is None:
            sys.exit(f"{PAGE}, {name}: no line like {pattern} after line {end} of\n{text}")
        if at > end and out:
            out += [""] if not any(line.strip() for line in lines[end:at]) else ["…"]
        end = at + count if count else next((i for i in range(at, len(lines)) if not lines[i].strip()), len(lines))
        out += lines[at:end]
    return "\n".join(out + (["…"] if end < len(lines) else []))


def walk(hosts, folder):
    out = {}
    for name, (host, called, user, typed) in WALKS.items():
        if " " not in typed and "." in typed:
            with open(os.path.join(folder, typed), encoding="utf-8") as f:
                out[name] = f.read()
            continue
        argv = [word.format(good=lab.address("good1"), bad=lab.address("bad1")) for word in typed.split()]
        r = hosts.run(host, "unshare", "-u", "sh", "-c", 'hostname "$0"; exec "$@"', called, *user, ZC, *argv, cwd=folder, env=hosts.ca())
        out[name] = r.stdout + "".join(line + "\n" for line in r.stderr.split("\n") if re.match(r"(NOT )?(MET|SHOWN)", line))
        print(f"{name}: status {r.returncode}", file=sys.stderr)
    return out


def main():
    if os.geteuid() != 0 or lab.why_not():
        sys.exit(f"the lab cannot run here: {lab.why_not() or 'needs root'}")
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    with tempfile.TemporaryDirectory() as folder, lab.Lab("good1", "bad1") as hosts:
        for block in re.findall(r"```yaml\n(.*?)```", page, re.S):
            named = re.match(r"# (\S+\.yaml)", block)
            if named:
                with open(os.path.join(folder, named.group(1)), "w", encoding="utf-8") as f:
                    f.write(block)
        os.chmod(folder, 0o755)
        shown = walk(hosts, folder)
    for name, text in shown.items():
        page = re.sub(rf"(<!-- output: {name} -->\n```\n).*?(\n```)", lambda m, n=name, t=text: m.group(1) + kept(n, t) + m.group(2), page, flags=re.S)
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(page)


main()
