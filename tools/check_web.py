#!/usr/bin/env python3
"""Checks the scripts and pages of src/dashboard/web/.

    tools/check_web.py [WEB]

Prints each breach as FILE:LINE: what and why, and ends with 1 if there is one.
Texts of runs, images and notes are hostile, and the page works without any
other host:
- no string is parsed as HTML or run as a script;
- no inline script, style or handler, which the content policy would stop;
- no address of another host but the names of XML's.
"""
import pathlib
import re
import sys

BREACHES = [
    (
        re.compile(
            r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write"
            r"|createContextualFragment|DOMParser|srcdoc)\b"
        ),
        "parses a text as HTML",
    ),
    (
        re.compile(r"\beval\(|new Function\(|set(Timeout|Interval)\(\s*['\"`]"),
        "runs a text as a script",
    ),
    (re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+="), "is inline"),
    (re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[\w-]+\.[\w.-]+"), "names a host"),
]
# Scripts say `onclick: ...` to our own helper.
MARKUP_ONLY = "is inline"


def breaches_in(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line
        if path.suffix == ".js":
            code = re.sub(r"^\s*//.*", "", line)
        for pattern, what in BREACHES:
            if what == MARKUP_ONLY and path.suffix != ".html":
                continue
            found = pattern.search(code)
            if found:
                yield f"{path}:{number}: {found[0].strip()} {what}"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    web = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "src/dashboard/web"
    files = sorted(p for p in web.iterdir() if p.suffix in {".js", ".html", ".css", ".svg"})
    if not files:
        sys.exit(f"check_web: there is nothing in {web}")
    breaches = [breach for path in files for breach in breaches_in(path)]
    print("\n".join(breaches) or f"{len(files)} files, no breach")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
