"""S3 paths of the real program, against moto and a proxy that fails.

    moto_test.py NADIR

Uploads and downloads with every fault there is; index, pack, training, embedding
and reports with everything at s3://, equal to the same on this host.
"""
import contextlib
import filecmp
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
try:
    import boto3  # noqa: F401
    import moto.server  # noqa: F401
except ImportError as error:
    print(f"skipped: {error} (tests/requirements.txt names it)")
    sys.exit(SKIPPED)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cloud"))
from fault_proxy import FaultProxy  # noqa: E402
from moto_server import Moto  # noqa: E402

NADIR = pathlib.Path(sys.argv[1]).resolve()
BUCKET = "s3://nadir-test"
FAULTS = {"drop": 0.05, "error": 0.05, "slow_down": 0.05, "cut": 0.05,
          "flip_up": 0.05}
TINY = ["--arch", "vit_nano", "--epochs", "2", "--batch-size-per-gpu", "8",
        "--global-crop-size", "32", "--local-crop-size", "16",
        "--local-crops-number", "2", "--out-dim", "64", "--seed", "7",
        "--knn-every-epochs", "0", "--num-workers", "1", "--num-threads", "1",
        "--warmup-epochs", "0"]


class Story:
    def __init__(self, folder, moto):
        self.folder = pathlib.Path(folder)
        self.moto = moto
        self.failures = 0

    def environment(self, url=None):
        own = self.moto.environment(self.folder / "cache")
        return os.environ | own | ({"AWS_ENDPOINT_URL": url} if url else {})

    def run(self, *words, url=None, status=0):
        done = subprocess.run([str(NADIR), *map(str, words)], text=True,
                              capture_output=True, env=self.environment(url),
                              cwd=self.folder, timeout=150)
        if done.returncode != status:
            self.fail(f"nadir {' '.join(map(str, words))}: status "
                      f"{done.returncode}, expected {status}\n{done.stderr}")
        return done

    def fail(self, text):
        self.failures += 1
        print("FAILED:", text)

    def check(self, is_right, text):
        print("ok:" if is_right else "FAILED:", text)
        self.failures += 0 if is_right else 1


def same_trees(one, other):
    names, others = [
        sorted(str(path.relative_to(root)) for path in root.rglob("*")
               if path.is_file()) for root in (one, other)]
    different = [name for name in names if name in others and not filecmp.cmp(
        one / name, other / name, shallow=False)]
    if names != others or different:
        print("names:", set(names) ^ set(others), "bytes:", different)
    return names == others and not different


def losses(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [record["loss"] for record in map(json.loads, lines)
            if "loss" in record]


def copies_survive_faults(story):
    source = story.folder / "many"
    draw = random.Random(1)
    many = [(f"small/{i}", 100 * i) for i in range(40)]
    for name, size in [*many, ("a", 0), ("b c+d", 17), ("sub/ü", 100_000),
                       ("sub/large", 30_000_000)]:
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw.randbytes(size))
    for seed in range(3):
        target = f"{BUCKET}/copies/{seed}"
        with FaultProxy(story.moto.endpoint, FAULTS, seed) as proxy:
            story.run("data", "copy", source, target, url=proxy.url)
            up = dict(proxy.counts)
        with FaultProxy(story.moto.endpoint, FAULTS | {"flip": 0.0}, seed) as proxy:
            story.run("data", "copy", target, story.folder / f"back{seed}",
                      url=proxy.url)
            down = dict(proxy.counts)
        story.check(same_trees(source, story.folder / f"back{seed}"),
                    f"a folder there and back through faults {up} and {down}")
    with FaultProxy(story.moto.endpoint, {"flip": 1.0}) as proxy:
        done = story.run("data", "copy", f"{BUCKET}/copies/0/sub/large",
                         "flipped", url=proxy.url, status=3)
        story.check("CRC-32" in done.stderr or "MD5" in done.stderr,
                    "a changed byte is noticed and told")
        story.check(not (story.folder / "flipped").exists(),
                    "and leaves no file")
    done = story.run("data", "copy", source, f"{BUCKET}/copies/0", status=2)
    story.check("--overwrite" in done.stderr, "nothing is replaced unasked")


def bad_inputs_say_what_to_do(story):
    done = story.run("data", "info", "s3://no-such-bucket-here/x", status=2)
    story.check("bucket" in done.stderr, "a bucket that is not there")
    done = story.run("data", "info", f"{BUCKET}/nothing", status=2)
    story.check("there is nothing" in done.stderr, "a prefix without objects")
    done = story.run("data", "info", "s3://Bad_Name/x", status=2)
    story.check("no name of a bucket" in done.stderr, "a name no bucket has")


def stopped_and_saved(story):
    """SIGTERM: the last checkpoint is in S3 before the program ends."""
    words = ["pretrain", "--data", f"{BUCKET}/s3/packed", "--out",
             f"{BUCKET}/runs/c", *TINY]
    words[words.index("--epochs") + 1] = "500"
    process = subprocess.Popen(
        [str(NADIR), *words], cwd=story.folder, env=story.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    log = []
    for line in process.stderr:
        log.append(line)
        if "meanwhile" in line:  # the run is open, and is being copied
            time.sleep(2)
            process.terminate()
    status = process.wait()
    story.check(status == 128 + signal.SIGTERM,
                f"SIGTERM ends with {status}\n{''.join(log[-3:])}")
    story.run("data", "copy", f"{BUCKET}/runs/c", "run-c")
    steps = len(losses(story.folder / "run-c"))
    story.check(any((story.folder / "run-c/checkpoints").glob("step-*")),
                f"a run stopped after {steps} steps has its checkpoint in S3")


def all_at_s3_equals_all_here(story):
    folder = story.folder
    story.run("data", "synth", "world", "--patches", "48", "--seed", "3",
              "--archive")
    archive = next((folder / "world").rglob("*.tar.gz"))
    lists = next(path.parent for path in (folder / "world").rglob("*")
                 if path.suffix == ".csv")
    listed = ["--lists", lists]
    bands = ["--bands", "B04,B03,B02"]
    story.run("data", "index", archive, "--out", "index.parquet", *listed)
    story.run("data", "pack", archive, "--index", "index.parquet", *bands,
              "--out", "packed")
    story.run("data", "copy", archive, f"{BUCKET}/{archive.name}")
    story.run("data", "index", f"{BUCKET}/{archive.name}", "--out",
              f"{BUCKET}/s3/index.parquet", *listed)
    story.run("data", "pack", f"{BUCKET}/{archive.name}", "--index",
              f"{BUCKET}/s3/index.parquet", *bands, "--out", f"{BUCKET}/s3/packed")
    story.run("data", "copy", f"{BUCKET}/s3", "s3")
    story.check(filecmp.cmp(folder / "index.parquet",
                            folder / "s3/index.parquet", shallow=False),
                "an index from an archive in S3")
    story.check(same_trees(folder / "packed", folder / "s3/packed"),
                "a dataset packed from an archive in S3")
    done = story.run("data", "pack", f"{BUCKET}/{archive.name}", "--index",
                     f"{BUCKET}/s3/index.parquet", *bands, "--out",
                     f"{BUCKET}/s3/packed")
    story.check("complete already" in done.stdout, "and is known to be complete")

    for what in (archive.name, "s3/packed"):
        done = story.run("data", "verify", f"{BUCKET}/{what}", *listed)
        story.check("bad" in done.stdout, f"{what} is verified in S3")

    story.run("pretrain", "--data", "packed", "--out", "run", *TINY)
    here = losses(folder / "run")
    with FaultProxy(story.moto.endpoint, FAULTS, 5) as proxy:
        story.run("pretrain", "--data", f"{BUCKET}/s3/packed", "--out",
                  f"{BUCKET}/runs/a", *TINY, url=proxy.url)
    story.run("data", "copy", f"{BUCKET}/runs/a", "run-s3")
    story.check(len(here) >= 4 and losses(folder / "run-s3") == here,
                f"{len(here)} steps from S3 have the losses of those here")
    done = story.run("pretrain", "--data", f"{BUCKET}/s3/packed", "--out",
                     f"{BUCKET}/runs/a", *TINY, status=2)
    story.check("--resume auto" in done.stderr or "choose another" in done.stderr,
                "a run that is there is not written over")

    story.run("pretrain", "--data", f"{BUCKET}/s3/packed", "--out",
              f"{BUCKET}/runs/b", *TINY, "--stop-after-steps", "3")
    story.run("pretrain", "--data", f"{BUCKET}/s3/packed", "--out",
              f"{BUCKET}/runs/b", *TINY, "--resume", "auto")
    story.run("data", "copy", f"{BUCKET}/runs/b", "run-b")
    story.check(losses(folder / "run-b") == here,
                "stopped and gone on with, it has them too")

    stopped_and_saved(story)

    story.run("embed", "--weights", "run", "--data", "packed", "--out",
              "here.npy")
    story.run("embed", "--weights", f"{BUCKET}/runs/a", "--data",
              f"{BUCKET}/s3/packed", "--out", f"{BUCKET}/features.npy")
    story.run("data", "copy", f"{BUCKET}/features.npy", "there.npy")
    story.check(filecmp.cmp(folder / "here.npy", folder / "there.npy",
                            shallow=False), "features of weights at S3")
    story.run("report", f"{BUCKET}/runs/a", f"{BUCKET}/runs/b", "--out",
              f"{BUCKET}/report.html")
    story.run("data", "copy", f"{BUCKET}/report.html", "report.html")
    story.check("<html" in (folder / "report.html").read_text().lower(),
                "a report of runs at S3")


def main():
    with tempfile.TemporaryDirectory() as folder, \
            contextlib.closing(Moto(sys.executable, os.devnull)) as moto:
        moto.s3().create_bucket(Bucket="nadir-test")
        story = Story(folder, moto)
        copies_survive_faults(story)
        bad_inputs_say_what_to_do(story)
        all_at_s3_equals_all_here(story)
    if story.failures:
        sys.exit(f"{story.failures} failed")
    print("all passed")


if __name__ == "__main__":
    main()
