"""Compiles the kernels for GPUs by NVRTC, which needs no GPU.

    compile_kernels.py token_kernels_source.cpp

For every width of the networks and some generations of GPUs; fails where the
compiler refuses, and where a kernel of ViT-S or ViT-B spills registers. Ends
with 77, skipped, where this Python has no NVRTC.
"""
import ctypes
import glob
import pathlib
import re
import sys
import sysconfig

WIDTHS = (64, 128, 192, 384, 768, 1024)
GENERATIONS = ("sm_80", "sm_90", "sm_100")
SKIPPED = 77


def find_compiler():
    folder = pathlib.Path(sysconfig.get_paths()["purelib"]) / "nvidia"
    found = glob.glob(str(folder / "*/lib/libnvrtc.so.*"))
    return ctypes.CDLL(sorted(found)[-1]) if found else None


def compile_source(nvrtc, source, generation, width):
    """Returns the status and the compiler's log."""
    program = ctypes.c_void_p()
    assert nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source, b"nadir.cu", 0, None, None) == 0
    options = [b"--std=c++17", b"--gpu-architecture=" + generation.encode(),
               b"--define-macro=DIM=%d" % width, b"--ptxas-options=-v"]
    status = nvrtc.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return status, log.value.decode()


def main():
    nvrtc = find_compiler()
    if nvrtc is None:
        print("no NVRTC beside this Python's torch")
        return SKIPPED
    text = pathlib.Path(sys.argv[1]).read_text()
    source = re.search(r'R"cuda\((.*)\)cuda"', text, re.DOTALL)[1].encode()
    failures = 0
    for generation in GENERATIONS:
        for width in WIDTHS:
            status, log = compile_source(nvrtc, source, generation, width)
            spills = [int(n) for n in re.findall(r"(\d+) bytes spill", log)]
            is_bad = status != 0 or (width <= 768 and any(spills))
            failures += is_bad
            print(generation, width, "FAILED" if is_bad else "compiled",
                  log if is_bad else f"{sum(spills)} bytes spilled")
    return failures


if __name__ == "__main__":
    sys.exit(main())
