"""How long steps wait for images: from a dataset here, and from the same at
s3:// behind a slow network, cold and warm.

    s3_training.py NADIR [--patches N] [--delay-ms MS]

Needs moto (tests/requirements.txt). Prints the share of the time of training
that steps waited for data, and images a second, of each epoch.
"""
import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS / "store"), str(TESTS / "cloud")]
from fault_proxy import FaultProxy  # noqa: E402
from moto_server import Moto  # noqa: E402

EPOCHS = 3
BATCH = 16
TINY = ["--arch", "vit_nano", "--epochs", str(EPOCHS), "--warmup-epochs", "0",
        "--batch-size-per-gpu", str(BATCH), "--global-crop-size", "64",
        "--local-crop-size", "32", "--local-crops-number", "4",
        "--out-dim", "1024", "--knn-every-epochs", "0", "--stats-every-steps",
        "5", "--seed", "1"]


def epochs_of(run):
    rows = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        if "loss" in record:
            epoch = min(int(record["epoch"]), EPOCHS - 1)
            rows.setdefault(epoch, []).append(record)
    epochs = []
    for epoch in sorted(rows):
        steps = [(1000 * BATCH / r["images_per_s"], r["data_wait_share"])
                 for r in rows[epoch]]
        epochs.append((sum(ms * share for ms, share in steps),
                       sum(ms for ms, _ in steps)))
    return epochs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nadir")
    parser.add_argument("--patches", type=int, default=600)
    parser.add_argument("--delay-ms", type=float, default=30)
    options = parser.parse_args()
    nadir = pathlib.Path(options.nadir).resolve()
    with tempfile.TemporaryDirectory() as name, contextlib.closing(
            Moto(sys.executable, os.devnull)) as moto:
        folder = pathlib.Path(name)

        def run(*words, url=moto.endpoint):
            subprocess.run(
                [str(nadir), *map(str, words)], check=True, cwd=folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=os.environ | {
                    "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
                    "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": url,
                    "NADIR_CACHE": str(folder / "cache")})

        run("data", "synth", "world", "--patches", options.patches)
        run("data", "index", "world", "--out", "index.parquet")
        run("data", "pack", "world", "--index", "index.parquet", "--bands",
            "B04,B03,B02", "--out", "packed")
        subprocess.run(
            [sys.executable, "-c", "import boto3, sys; boto3.client('s3', "
             "endpoint_url=sys.argv[1], region_name='us-east-1', "
             "aws_access_key_id='k', aws_secret_access_key='s')"
             ".create_bucket(Bucket='bench')", moto.endpoint], check=True)
        run("data", "copy", "packed", "s3://bench/packed")
        run("pretrain", "--data", "packed", "--out", "here", *TINY)
        with FaultProxy(moto.endpoint, delay_s=options.delay_ms / 1000) as proxy:
            for kind in ("cold", "warm"):
                run("pretrain", "--data", "s3://bench/packed", "--out", kind,
                    *TINY, url=proxy.url)
        print(f"{options.patches} patches, {options.delay_ms:g} ms a request")
        print(f"{'':22}" + "".join(f"{'epoch ' + str(e):>22}"
                                   for e in range(EPOCHS)))
        for label, kind in (("here", "here"), ("s3://, cold cache", "cold"),
                            ("s3://, warm cache", "warm")):
            cells = [f"{wait:9.0f} ms {100 * wait / total:6.2f} %"
                     for wait, total in epochs_of(folder / kind)]
            print(f"{label:22}" + "".join(f"{cell:>22}" for cell in cells),
                  flush=True)


if __name__ == "__main__":
    main()
