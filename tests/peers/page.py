#!/usr/bin/python3
"""The HTML page in a browser, at the widths of a phone and of a desk, with scripts forbidden in it.

A page of ours frames the report without allow-scripts and measures it from outside: nothing may reach beyond its width, nothing may be
fetched, and the verdict and each critical finding must be on the page as text."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ZC = os.environ.get("ZC", "build/zerocrit")
SAMPLE = "reports/samples/web1.json"
WIDTHS = {"desk": 1280, "tablet": 768, "phone": 390, "small phone": 320}
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe id="f" sandbox="allow-same-origin" src="file://%s"
 style="border:0;width:%dpx;height:900px"></iframe><pre id="out"></pre><script>
document.getElementById("f").onload = function () {
  const page = this.contentDocument, root = page.documentElement, wide = [];
  for (const e of page.querySelectorAll("body *")) {
    const r = e.getBoundingClientRect();
    let held = false;
    for (let p = e.parentElement; p; p = p.parentElement)
      if (["auto", "scroll", "hidden"].includes(this.contentWindow.getComputedStyle(p).overflowX)) held = true;
    if (!held && r.width > 0 && r.right > %d + 0.5) wide.push(e.tagName + "." + e.className + " " + Math.round(r.right));
  }
  document.getElementById("out").textContent = "RESULT" + JSON.stringify({scroll: root.scrollWidth, wide: wide.slice(0, 5), text: page.body.innerText,
    fetched: this.contentWindow.performance.getEntriesByType("resource").map(r => r.name), scripts: page.scripts.length}) + "END";
};
</script>"""
count = failed = 0


def tap(ok, name, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}" + ("" if ok else f"\n# {detail}"), flush=True)


def measure(chromium, work, page, width):
    frame = os.path.join(work, "frame.html")
    with open(frame, "w", encoding="utf-8") as f:
        f.write(FRAME % (page, width, width))
    out = ""
    for _ in range(3):  # a browser on a busy machine may not have loaded the frame yet
        out = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                              "--disable-sync", "--allow-file-access-from-files", f"--user-data-dir={work}/profile", f"--window-size={max(width, 500)},900",
                              "--virtual-time-budget=8000", "--dump-dom", f"file://{frame}"], capture_output=True, text=True, timeout=120, check=False).stdout
        if "RESULT{" in out:
            break
    text = "{" + out.split("RESULT{", 1)[1].split("END</pre>")[0] if "RESULT{" in out else ""
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        text = text.replace(entity, char)
    return json.loads(text) if text else None


def main():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("1..0 # SKIP chromium is not installed")
        return
    with open(SAMPLE, encoding="utf-8") as f:
        critical = [x["title"] for x in json.load(f)["findings"] if x["severity"] == "critical" and x["status"] == "open"]
    with tempfile.TemporaryDirectory() as work:
        page = os.path.join(work, "report.html")
        subprocess.run([ZC, "report", "--format", "html", "-o", page, SAMPLE], stderr=subprocess.DEVNULL, check=False)
        for name, width in WIDTHS.items():
            seen = measure(chromium, work, page, width)
            if seen is None:
                tap(False, f"the page opens at the width of a {name}")
                continue
            tap(seen["scroll"] <= width and not seen["wide"], f"nothing is wider than a {name}", f"{seen['scroll']} of {width}: {seen['wide']}")
            tap(not seen["fetched"] and seen["scripts"] == 0, f"nothing is fetched or run at the width of a {name}", seen["fetched"])
            tap("NOT MET" in seen["text"] and all(t in seen["text"] for t in critical), f"verdict and critical findings are read on a {name}", seen["text"][:400])
    print(f"1..{count}")


main()
sys.exit(failed > 0)
