#!/usr/bin/python3
"""Every built-in rule that may be critical or high: it says how to reproduce it, and where what it reads came from a peer, the schema has a
place for the proof beside it."""
import glob
import json
import sys

try:
    import yaml
except ImportError:
    print("1..0 # SKIP needs python3-yaml")
    sys.exit(0)

sys.dont_write_bytecode = True
sys.path.insert(0, "tests/lab")
import reproduce  # noqa: E402

DEFS = json.load(open("reports/schema/evidence.schema.json", encoding="utf-8"))["$defs"]
# kinds that a peer's answers fill; the others are the kernel's and the files' own words
OF_PEERS = ("endpoint", "tls", "chain", "http", "cookie", "postgres", "redis")
count = 0


def tap(ok, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok:
        print(f"# {detail}")


def opened(schema):
    while "$ref" in schema:
        schema = DEFS[schema["$ref"].rsplit("/", 1)[1]]
    return schema


def has_proof(kind, path):
    """A proof stands in the entity, or in an object on the way to the member; and the member exists."""
    at = opened(DEFS[kind])
    found = "proof" in at.get("properties", {})
    for step in path:
        at = opened(at["items"]) if step == "" else opened(at.get("properties", {}).get(step) or at["additionalProperties"])
        found = found or "proof" in at.get("properties", {})
    return found


def steps(need):
    """self.served[].key.type, self.versions['TLSv1.0'].offered"""
    out = []
    for part in need.replace("['", ".\x00").replace("']", "\x01").replace("[]", ".").split("."):
        out.append(part)
    joined, inside = [], None
    for part in out:
        if part.startswith("\x00"):
            inside = part[1:]
        elif inside is not None:
            inside += "." + part
        else:
            joined.append(part)
        if inside is not None and inside.endswith("\x01"):
            joined.append(inside[:-1])
            inside = None
    return joined[1:]


def main():
    rules = [r for f in sorted(glob.glob("rules/*/*.yaml")) for r in (yaml.safe_load(open(f, encoding="utf-8")) or {}).get("rules", [])]
    tap(len(rules) > 40, "the built-in rules", len(rules))
    for r in rules:
        levels = {r["severity"]} if isinstance(r["severity"], str) else set(r["severity"].values())
        if not levels & {"critical", "high"}:
            continue
        tap(r["remediation"].get("reproduce"), f"{r['id']}: says how to reproduce it", r["remediation"])
        if r["applies_to"] in OF_PEERS:
            bare = [n for n in r.get("needs", []) if n.startswith("self.") and not has_proof(r["applies_to"], steps(n))]
            tap(r.get("needs") and not bare, f"{r['id']}: what it reads has its proof", bare or "no needs")
    unshown = [r["id"] for r in rules if r["id"].startswith(reproduce.SUBJECTS) and r["id"] not in reproduce.SHOWS]
    tap(not unshown, "each rule of a service has a row that says what its commands must show", unshown)
    print(f"1..{count}")


main()
