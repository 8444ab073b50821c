#!/usr/bin/env python3
"""Checks the includes of src/ against the list of rooms in src/CMakeLists.txt.

    tools/check_layers.py [SRC]

Prints each breach as FILE:LINE: what and why, and ends with 1 if there is one.
Rules:
- a room includes only rooms of a level below its own, and has them in its DEPS;
- LibTorch only in rooms marked TORCH, which are those listed as such;
- torch/torch.h nowhere: the precompiled header is enough;
- a library that belongs to one room only there, and only in .cpp files and in
  headers whose first comment says that they are private to the room;
- a *_config.h reads no LibTorch, by whatever way.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TORCH = re.compile(r"^(torch|ATen|c10)/")
# Headers of libraries, and the rooms that hide them.
HIDDEN = [
    (re.compile(r"^(gdal|ogr|cpl)[a-z_]*\.h$"), "GDAL", "raster"),
    (re.compile(r"^(jpeglib|png|turbojpeg)\.h$"), "an image codec", "raster"),
    (re.compile(r"^(arrow|parquet)/"), "Arrow", "table"),
    (re.compile(r"^lmdb\.h$"), "LMDB", "data"),
    (re.compile(r"^archive(_entry)?\.h$"), "libarchive", "cloud data synth"),
    (re.compile(r"^curl/"), "libcurl", "aws data store"),
    (re.compile(r"^spdlog/"), "spdlog", "core"),
    (re.compile(r"^(hwy/|[a-z]*intrin\.h$)"), "vector code", "kernels"),
    (re.compile(r"^boost/"), "Boost", "http"),
    (re.compile(r"^hnswlib/"), "hnswlib", "search"),
    (re.compile(r"^(umappp|knncolle|irlba)/"), "umappp", "atlas"),
    (re.compile(r"^Eigen/"), "Eigen", "atlas"),
]


def read_list(text, name):
    """The levels of `set(NAME ...)`: one list of rooms a line."""
    body = re.search(r"set\(%s\b([^)]*)\)" % name, text)
    if body is None:
        sys.exit(f"check_layers: no set({name} ...) in the list of rooms")
    lines = (line.split("#")[0].split() for line in body[1].splitlines())
    return [rooms for rooms in lines if rooms]


def read_room(path):
    """(marked TORCH, DEPS) of a room's CMakeLists.txt."""
    call = re.search(r"nadir_room\(\w+([^)]*)\)", path.read_text())
    words = call[1].split() if call else []
    deps = []
    if "DEPS" in words:
        for word in words[words.index("DEPS") + 1 :]:
            if word.isupper():
                break
            deps.append(word)
    return "TORCH" in words, deps


def is_private(path):
    """Whether other rooms cannot or must not include it."""
    if path.suffix == ".cpp":
        return True
    head = path.read_text(encoding="utf-8").split("#", 1)[0]
    return "Private to the" in " ".join(head.replace("//", "").split())


def includes_of(path):
    """(line number, header, whether in quotes) of each include."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found[2], found[1] == '"'


class Checker:
    def __init__(self, src):
        self.src = src
        self.breaches = []
        text = (src / "CMakeLists.txt").read_text()
        plain = read_list(text, "NADIR_ROOMS")
        torch = read_list(text, "NADIR_ROOMS_WITH_TORCH")
        self.level = {}
        for level, rooms in enumerate(plain + torch):
            for room in rooms:
                self.level[room] = level
        self.torch_rooms = {room for rooms in torch for room in rooms}

    def report(self, path, line, text):
        where = path.relative_to(self.src.parent)
        self.breaches.append(f"{where}:{line}: {text}")

    def check_room(self, folder):
        room = folder.name
        cmake = folder / "CMakeLists.txt"
        if room not in self.level:
            self.report(folder, 1, f"room {room} is not in src/CMakeLists.txt")
            return
        is_torch, deps = read_room(cmake)
        if is_torch != (room in self.torch_rooms):
            self.report(
                cmake,
                1,
                f"room {room} is {'' if is_torch else 'not '}marked TORCH, and "
                f"{'' if room in self.torch_rooms else 'not '}listed in "
                "NADIR_ROOMS_WITH_TORCH",
            )
        for path in sorted(folder.iterdir()):
            if path.suffix in (".h", ".cpp"):
                self.check_file(path, room, is_torch, deps)

    def check_file(self, path, room, is_torch, deps):
        for line, header, is_ours in includes_of(path):
            other = header.split("/")[0]
            if is_ours and other != room:
                self.check_direction(path, line, room, other, deps)
            if TORCH.match(header):
                if not is_torch:
                    self.report(
                        path, line, f"{header}: room {room} is without LibTorch"
                    )
                if header == "torch/torch.h":
                    self.report(
                        path, line, "torch/torch.h takes 24 s to read; name "
                        "the header that is needed"
                    )
            for pattern, library, owners in HIDDEN:
                if pattern.match(header) and not (
                    room in owners.split() and is_private(path)
                ):
                    places = [f"src/{owner}/" for owner in owners.split()]
                    self.report(
                        path,
                        line,
                        f"{header}: {library} belongs in .cpp files of "
                        f"{' and '.join(places)}",
                    )
        if path.name.endswith("_config.h"):
            self.check_config(path)

    def check_direction(self, path, line, room, other, deps):
        if other not in self.level:
            self.report(path, line, f"there is no room {other}")
        elif self.level[other] >= self.level[room]:
            self.report(
                path,
                line,
                f"room {room} must not include {other}, which is "
                f"{'above it' if self.level[other] > self.level[room] else 'of the same level'}",
            )
        elif other not in deps:
            self.report(
                path, line, f"{other} is not in the DEPS of room {room}"
            )

    def check_config(self, path):
        """Follows our own headers from `path` to one of LibTorch."""
        seen = {path}
        ways = [(path, path.name)]
        while ways:
            current, way = ways.pop()
            for _, header, is_ours in includes_of(current):
                if TORCH.match(header):
                    self.report(
                        path, 1, f"a configuration without LibTorch: {way} > {header}"
                    )
                following = self.src / header
                if is_ours and following not in seen and following.exists():
                    seen.add(following)
                    ways.append((following, f"{way} > {header}"))


def main():
    here = pathlib.Path(__file__).resolve().parent
    src = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "src"
    checker = Checker(src.resolve())
    rooms = sorted(p.parent for p in src.resolve().glob("*/CMakeLists.txt"))
    for folder in rooms:
        checker.check_room(folder)
    print("\n".join(checker.breaches) or f"{len(rooms)} rooms, no breach")
    return 1 if checker.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
