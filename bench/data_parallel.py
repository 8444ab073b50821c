#!/usr/bin/env python3
"""Runs pretraining as one process and as several, by turns.

    data_parallel.py PROGRAM DATA [--pairs N] [--steps N]

DATA is a folder of images or a dataset folder. Prints

- curves: the largest difference of a step's loss from one process's, over 50
  steps of 16 images as 1 x 16, 2 x 8, 4 x 4 and 2 x 4 x 2 (processes x batch x
  accumulated);
- efficiency: images a second of two processes with one thread each over one
  process with two, at 16 images a step: medians over pairs that run by turns;
- checkpoints: the images a second with one every 10 steps over those without, and
  the share of the time that steps waited for them.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

RECIPE = """[views]
global_crop_size = 96
local_crop_size = 48
local_crops_number = 4

[model]
arch = "vit_tiny"

[head]
out_dim = 4096

[optim]
epochs = 1
warmup_epochs = 0

[run]
knn_every_epochs = 0
"""


def records(run):
    """Of every step."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if "loss" in record]


def waited_s(run):
    """Seconds that steps waited for checkpoints."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    texts = [record["text"] for record in map(json.loads, lines)
             if record.get("event") == "checkpoint"]
    return float(texts[-1].split("waited ")[1].split(" s ")[0])


class Bench:
    def __init__(self, program, data, folder):
        self.program = program
        self.data = data
        self.folder = pathlib.Path(folder)
        self.recipe = self.folder / "recipe.toml"
        self.recipe.write_text(RECIPE)
        self.count = 0
        self.last = None

    def run(self, processes, threads, batch, steps, *more):
        """The records of a run."""
        self.count += 1
        run = self.last = self.folder / f"run-{self.count}"
        words = ["pretrain", "--data", self.data, "--out", run, "--recipe",
                 self.recipe, "--batch-size-per-gpu", batch, "--num-threads",
                 threads, "--num-workers", threads, "--stop-after-steps",
                 steps, *more]
        if processes > 1:
            words = ["launch", "--nproc-per-node", processes, "--", *words]
        done = subprocess.run([str(word) for word in (self.program, *words)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        return records(run)


def rate(steps):
    """Images a second, the first three steps left out."""
    return statistics.median(step["images_per_s"] for step in steps[3:])


def curves(bench):
    print("curves, 50 steps of 16 images:")
    alone = [step["loss"] for step in bench.run(1, 2, 16, 50)]
    print(f"  1 x 16: loss {alone[0]:.4f} to {alone[-1]:.4f}")
    for processes, threads, batch, accumulate in (
            (2, 1, 8, 1), (4, 1, 4, 1), (2, 1, 4, 2)):
        steps = bench.run(processes, threads, batch, 50,
                          "--accumulate", accumulate)
        largest = max(abs(step["loss"] - loss)
                      for step, loss in zip(steps, alone, strict=True))
        name = f"{processes} x {batch}" + (
            f" x {accumulate}" if accumulate > 1 else "")
        print(f"  {name}: differs by at most {largest:.1e}", flush=True)


def by_turns(bench, pairs, first, second):
    """Rates of two kinds of run, by turns: medians, and the pairs' ratios."""
    rates = [(rate(bench.run(*first)), rate(bench.run(*second)))
             for _ in range(pairs)]
    ratios = sorted(a / b for a, b in rates)
    return (statistics.median(a for a, _ in rates),
            statistics.median(b for _, b in rates), ratios)


def stall(bench, steps):
    """Of a run with a checkpoint every 10 steps, and its last one."""
    taken = bench.run(1, 2, 16, steps, "--save-every-steps", 10)
    run_s = sum(16 / step["images_per_s"] for step in taken)
    waited = waited_s(bench.last)
    print(f"{steps} steps with a checkpoint every 10: waited {waited:.2f} s, "
          f"{100 * waited / run_s:.2f} % of the time", flush=True)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("data")
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--steps", type=int, default=30)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given.program, given.data, folder)
        curves(bench)
        for what, first, second in (
                ("2 processes x 1 thread over 1 x 2",
                 (2, 1, 8, given.steps), (1, 2, 16, given.steps)),
                ("a checkpoint every 10 steps over none",
                 (1, 2, 16, given.steps, "--save-every-steps", 10),
                 (1, 2, 16, given.steps, "--save-every-steps", 10000))):
            a, b, ratios = by_turns(bench, given.pairs, first, second)
            print(f"{what}: {a:.2f} and {b:.2f} images/s, ratio "
                  f"{statistics.median(ratios):.3f} "
                  f"({ratios[0]:.3f} to {ratios[-1]:.3f})", flush=True)
        stall(bench, 60)


if __name__ == "__main__":
    main()
