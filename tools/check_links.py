#!/usr/bin/env python3
"""Checks that the relative links of all Markdown files lead somewhere.

    tools/check_links.py [ROOT]

Looks at the .md files under ROOT (the checkout), leaving out build, hidden and
generated folders. A link must name a file or folder that is there; one with an
anchor (file.md#section, #section) must name a heading of that file. Addresses
with a scheme (https:, mailto:) are not followed. Prints each bad link as
FILE:LINE and ends with 1 if there is any, or if no file was found.
"""
import pathlib
import re
import sys
import urllib.parse

SKIPPED_FOLDERS = {"build", "runs", "quickstart", "node_modules"}
# [text](target "title"), ![text](target), [name]: target
INLINE = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^\s*(```|~~~)")
SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")


def markdown_files(root):
    for path in sorted(root.rglob("*.md")):
        folders = path.relative_to(root).parts[:-1]
        if not any(f.startswith(".") or f in SKIPPED_FOLDERS for f in folders):
            yield path


def prose_lines(path):
    """(number, line) outside fenced code, inline code blanked out."""
    in_fence = False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if FENCE.match(line):
            in_fence = not in_fence
        elif not in_fence:
            yield number, re.sub(r"`[^`]*`", lambda m: "x" * len(m[0]), line)


def anchors_of(path):
    """The anchors that GitHub gives the headings of a file."""
    anchors, seen = set(), {}
    in_fence = False
    for line in path.read_text("utf-8").splitlines():
        if FENCE.match(line):
            in_fence = not in_fence
        heading = None if in_fence else HEADING.match(line)
        if not heading:
            continue
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        anchors.add(anchor if count == 0 else f"{anchor}-{count}")
    return anchors


def problem_of(target, path, root):
    if SCHEME.match(target):
        return None
    name, _, anchor = target.partition("#")
    place = path
    if name:
        name = urllib.parse.unquote(name)
        place = (root / name.lstrip("/")) if name[0] == "/" else path.parent / name
        if not place.exists():
            return "there is no such file"
        if root not in place.resolve().parents and place.resolve() != root:
            return "leads out of the checkout"
    if anchor and place.suffix == ".md" and anchor not in anchors_of(place):
        return "there is no such heading"
    return None


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1] if len(sys.argv) == 2 else ".").resolve()
    num_files = num_links = num_bad = 0
    for path in markdown_files(root):
        num_files += 1
        for number, line in prose_lines(path):
            targets = INLINE.findall(line) + REFERENCE.findall(line)
            for target in targets:
                num_links += 1
                problem = problem_of(target, path, root)
                if problem:
                    num_bad += 1
                    print(f"{path.relative_to(root)}:{number}: {target}: {problem}")
    print(f"{num_links} links in {num_files} files, {num_bad} bad")
    sys.exit(1 if num_bad or num_files == 0 else 0)


if __name__ == "__main__":
    main()
