"""Runs network_probe on tensors, and keeps the score of comparisons."""

import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file

# Small tensors: more threads would only wait for each other on a busy machine.
torch.set_num_threads(1)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def run_probe(program, piece, tensors, settings=None):
    """The tensors that `network_probe piece` gives for `tensors`."""
    with tempfile.TemporaryDirectory() as folder:
        given = pathlib.Path(folder) / "in.safetensors"
        got = pathlib.Path(folder) / "out.safetensors"
        save_file({k: v.detach().contiguous() for k, v in tensors.items()},
                  given, {k: str(v) for k, v in (settings or {}).items()})
        subprocess.run([program, piece, given, got], check=True,
                       env=ENVIRONMENT)
        return load_file(got)


class Score:
    def __init__(self):
        self.failures = 0

    def check(self, what, ours, theirs, tolerance):
        """Largest difference, relative to the largest value of theirs."""
        if ours.shape != theirs.shape:
            print(f"FAIL {what}: shape {tuple(ours.shape)}, "
                  f"expected {tuple(theirs.shape)}")
            self.failures += 1
            return
        ours, theirs = ours.double(), theirs.detach().double()
        scale = max(theirs.abs().max().item(), 1e-30)
        difference = (ours - theirs).abs().max().item() / scale
        good = difference <= tolerance  # False for NaN
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {difference:.2e} "
              f"(at most {tolerance:.0e})")

    def finish(self):
        if self.failures:
            sys.exit(f"{self.failures} comparisons failed")
