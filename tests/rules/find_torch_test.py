"""A LibTorch of the user's own is found by every way of naming it, and before
the one that the set-up unpacked."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE = pathlib.Path(__file__).resolve().parents[2] / "cmake"
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(finds NONE)
list(PREPEND CMAKE_MODULE_PATH "{cmake}")
set(CMAKE_FIND_LIBRARY_PREFIXES lib)
set(CMAKE_FIND_LIBRARY_SUFFIXES .so)
find_package(Torch 2.9 REQUIRED)
message(STATUS "taken: ${{Torch_CPU_LIBRARY}}")
"""


def make_torch(folder):
    """The files by which a LibTorch is known, empty but for the version."""
    version = folder / "include/torch/headeronly/version.h"
    files = {
        folder / "include/ATen/ATen.h": "",
        folder / "lib/libtorch_cpu.so": "",
        folder / "lib/libc10.so": "",
        folder / "share/cmake/Torch/TorchConfig.cmake": "",
        version: "".join(
            f"#define TORCH_VERSION_{part} {number}\n"
            for part, number in (("MAJOR", 2), ("MINOR", 15), ("PATCH", 0))
        ),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


class FindTorch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        self.wheels = make_torch(self.root / "wheels/torch").parent
        self.own = make_torch(self.root / "own")
        (self.root / "CMakeLists.txt").write_text(PROJECT.format(cmake=CMAKE))

    def taken(self, *arguments, **environment):
        """The library that CMake finds with these arguments."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in ("CMAKE_PREFIX_PATH", "TORCH_ROOT", "CONDA_PREFIX")
        }
        with tempfile.TemporaryDirectory() as build:
            run = subprocess.run(
                ["cmake", "-S", self.root, "-B", build,
                 f"-DNADIR_WHEELS={self.wheels}", *arguments],
                capture_output=True, text=True, env=clean | environment)
        self.assertEqual(run.returncode, 0, run.stderr)
        line = run.stdout.split("taken: ")[1].splitlines()[0]
        return pathlib.Path(line).resolve()

    def test_the_set_ups_is_taken_where_none_is_named(self):
        self.assertEqual(
            self.taken(), self.wheels / "torch/lib/libtorch_cpu.so")

    def test_a_named_one_comes_first(self):
        library = self.own / "lib/libtorch_cpu.so"
        cmake_folder = self.own / "share/cmake"  # of cmake_prefix_path
        for arguments, environment in (
            ([f"-DCMAKE_PREFIX_PATH={self.own}"], {}),
            ([f"-DCMAKE_PREFIX_PATH={cmake_folder}"], {}),
            ([f"-DCMAKE_PREFIX_PATH=/nowhere;{cmake_folder}"], {}),
            ([f"-DTORCH_ROOT={self.own}"], {}),
            ([], {"CMAKE_PREFIX_PATH": f"/nowhere:{cmake_folder}"}),
            ([], {"TORCH_ROOT": str(self.own)}),
        ):
            with self.subTest(arguments=arguments, environment=environment):
                self.assertEqual(
                    self.taken(*arguments, **environment), library)


if __name__ == "__main__":
    sys.exit(unittest.main())
