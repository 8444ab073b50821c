"""Pretrainings of 20 small steps by real processes, and the losses of one
process to hold them against.
"""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

NUM_STEPS = 20
RECIPE = """[data]
data_path = "{data}"
split = "all"
max_images = 24

[views]
global_crop_size = 32
local_crop_size = 16
local_crops_number = 2

[model]
arch = "vit_nano"

[head]
out_dim = 64
head_hidden_dim = 64
head_bottleneck_dim = 32

[optim]
epochs = 8
warmup_epochs = 1

[run]
knn_every_epochs = 0
num_workers = 1
num_threads = 1
peer_timeout_s = 60
stop_after_steps = {steps}
"""


def losses(run):
    """The loss of every step; the last record of a step counts."""
    path = run / "metrics.jsonl"
    records = {}
    if path.exists():
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if "loss" in record:
                records[record["step"]] = record["loss"]
    return records


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class TinyRuns(unittest.TestCase):
    nadir = ""  # the program

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        world, data = cls.folder / "world", cls.folder / "data"
        index = cls.folder / "index.parquet"
        source = world / "BigEarthNet-v1.0"
        for words in (
            ["data", "synth", world, "--patches", "48", "--seed", "3"],
            ["data", "index", source, "--lists", world / "lists",
             "--keep-discouraged", "--out", index],
            ["data", "pack", source, "--index", index, "--out", data,
             "--bands", "B04,B03,B02"],
        ):
            subprocess.run([cls.nadir, *words], check=True, capture_output=True)
        cls.recipe = cls.folder / "tiny.toml"
        cls.recipe.write_text(RECIPE.format(data=data, steps=NUM_STEPS))
        alone = cls.folder / "alone"
        subprocess.run(
            cls.pretrain(alone, 8), check=True, capture_output=True)
        cls.expected = losses(alone)
        assert len(cls.expected) == NUM_STEPS

    @classmethod
    def pretrain(cls, run, batch, *more):
        """The words of one process with `batch` images a step."""
        return [cls.nadir, "pretrain", "--recipe", str(cls.recipe), "--out",
                str(run), "--batch-size-per-gpu", str(batch), *more]

    def expect_the_losses_of_one_process(self, run):
        got = losses(run)
        self.assertEqual(sorted(got), sorted(self.expected))
        for step, loss in got.items():
            self.assertAlmostEqual(
                loss, self.expected[step], delta=1e-3, msg=f"step {step}")

    @classmethod
    def launch(cls, flags, run, batch, *more):
        """The same by several processes with `batch` images each."""
        return [cls.nadir, "launch", *flags, "--",
                *cls.pretrain(run, batch, *more)[1:]]

    def run_checked(self, words, **settings):
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True,
            timeout=300, **settings)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def need(self, program):
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed; scripts/setup.sh "
                          "--engines does")
