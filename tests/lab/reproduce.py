"""The `reproduce` commands of findings, run where the finding was made: does a sceptic see it, too?

For each rule of a service, what the output of its commands (standard output and error, all of them together) has to show. A rule that has
no row here fails the test: a new rule wants one."""
import re
import shutil
import subprocess

SHOWS = {
    "ZC-RD-001": r"redis_version:", "ZC-RD-002": r"\A(?!.*(NOAUTH|ERR))", "ZC-RD-003": r"DENIED", "ZC-RD-004": r"^(\+PONG|-NOAUTH|-DENIED)", "ZC-RD-005": r"^PONG",
    "ZC-PG-001": r"PostgreSQL \d", "ZC-PG-002": r"systemid", "ZC-PG-003": r"role \"nobody\" does not exist", "ZC-PG-004": r"82 +0 +0 +0 +8 +0 +0 +0 +3",
    "ZC-PG-005": r"82 +0 +0 +0 +12 +0 +0 +0 +5", "ZC-PG-006": r"no password supplied", "ZC-PG-007": r"^ *\d|PostgreSQL \d", "ZC-PG-008": r"PgBouncer \d",
    "ZC-PG-011": r"no peer certificate available", "ZC-PG-012": r"no password supplied|\b1 row|does not exist",
    "ZC-HTTP-001": r"(?i)^www-authenticate: *basic", "ZC-HTTP-002": r"\AHTTP/1.1 (?!3\d\d.*^[Ll]ocation: https:)", "ZC-HTTP-003": r"(?i)^location: http:",
    "ZC-HTTP-004": r"\A(?!.*^strict-transport-security:)", "ZC-HTTP-005": r"(?i)^strict-transport-security:", "ZC-HTTP-006": r"(?i)^strict-transport-security:",
    "ZC-HTTP-020": r"\A(?!.*^content-security-policy:)", "ZC-HTTP-021": r"\A(?!.*frame-ancestors)", "ZC-HTTP-022": r"\A(?!.*^x-content-type-options: *nosniff)",
    "ZC-HTTP-023": r"(?i)unsafe-url", **{f"ZC-HTTP-04{i}": r"(?i)^set-cookie:" for i in range(6)},
    "ZC-TLS-001": r"SSLv3", "ZC-TLS-002": r"Protocol *: *TLSv1(\.1)?$", "ZC-TLS-003": r"(?i)alert|Cipher is \(NONE\)|no peer certificate", "ZC-TLS-004": r"(?i)alert|no peer certificate",
    "ZC-TLS-005": r"(?i)didn't find starttls", "ZC-TLS-006": r"S +R|2 +2 +0 +g +o .*2 +5 +0", "ZC-TLS-020": r"notAfter=", "ZC-TLS-021": r"notAfter=", "ZC-TLS-022": r"notBefore=",
    "ZC-TLS-023": r"DNS:|IP Address:|No extensions", "ZC-TLS-024": r"Verify return code: [1-9]", "ZC-TLS-025": r"Public-Key: \(\d+ bit\)",
    "ZC-TLS-026": r"Public-Key: \(1024 bit\)", "ZC-TLS-027": r"(?i)Signature Algorithm: .*(sha1|md5)", "ZC-TLS-028": r"BEGIN CERTIFICATE",
}
SUBJECTS = ("ZC-RD-", "ZC-PG-", "ZC-HTTP-", "ZC-TLS-")
# The command that stands alone is for the host of the database, or for a library that was built otherwise.
ELSEWHERE = re.compile(r"^sudo |^date |openssl s_client -ssl3 ")
TOOLS = ("openssl", "psql", "redis-cli", "curl", "nc", "nmap", "od")


def run_here(command, env):
    return subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, errors="replace", env=env)


def shown(finding, run=run_here, env=None):
    """(True, ""), or (False, what came instead); (None, which tool) where one is missing."""
    if finding["rule"] not in SHOWS:
        return False, f"no row in tests/lab/reproduce.py for {finding['rule']}"
    commands = [c for c in finding.get("reproduce", []) if not ELSEWHERE.search(c)]
    for tool in TOOLS:
        if any(re.search(rf"(^|[|(] *){tool} ", c) for c in commands) and not shutil.which(tool):
            return None, f"{tool} is not installed"
    if not commands:
        return False, "no command"
    said = ""
    for c in commands:
        r = run(c, env)
        said += r.stdout + r.stderr
    return bool(re.search(SHOWS[finding["rule"]], said, re.MULTILINE | re.DOTALL | (re.IGNORECASE if "(?!" in SHOWS[finding["rule"]] else 0))), f"{commands}\n{said[-800:]}"


def check(findings, tap, skip, name, run=run_here, env=None, done=None):
    """One line for each rule of a service that has a finding. @done: rules that were shown already, to be added to."""
    done = set() if done is None else done
    for f in findings:
        if not f["rule"].startswith(SUBJECTS) or f["rule"] in done:
            continue
        done.add(f["rule"])
        ok, said = shown(f, run, env)
        if ok is None:
            skip(f"{name}: {f['rule']} is reproduced by its own commands", said)
        else:
            tap(ok, f"{name}: {f['rule']} is reproduced by its own commands", said)
