"""The dashboard as a process, asked as a browser asks.

    program_test.py NADIR

Runs and images that lie at s3://, against moto: a training that goes on there is
seen going on, and nothing is written. Of several runs the one whose network fits.
"""
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest
import urllib.request

SKIPPED = 77
try:
    import boto3  # noqa: F401
    import moto.server  # noqa: F401
except ImportError as error:
    print(f"skipped: {error} (tests/requirements.txt names it)")
    sys.exit(SKIPPED)

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "cloud"), str(TESTS / "dashboard" / "browser")]
from moto_server import Moto  # noqa: E402
from world import Dashboard, World  # noqa: E402

NADIR = None
BUCKET = "nadir-test"
STEP = '{{"step":{0},"epoch":{0},"time_s":{0},"loss":3.5}}\n'
PATIENCE_S = 60  # copies are brought up to date every ten


class DashboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        cls.moto = Moto(sys.executable, os.devnull)
        cls.addClassCleanup(cls.moto.close)
        os.environ |= cls.moto.environment(folder / "cache")
        cls.world = world = World(NADIR, folder)
        cls.s3 = cls.moto.s3()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.upload(world.trained, "runs/a")
        cls.upload(world.data, "packed")
        for path in (world.embeddings, world.predictions):
            cls.s3.upload_file(str(path), BUCKET, path.name)

    @classmethod
    def upload(cls, folder, prefix):
        for path in folder.rglob("*"):
            if path.is_file():
                cls.s3.upload_file(
                    str(path), BUCKET, f"{prefix}/{path.relative_to(folder)}")

    def objects(self):
        listed = self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        return {one["Key"]: one["ETag"] for one in listed}

    def open(self, *words):
        shown = Dashboard(NADIR, *words)
        self.addCleanup(shown.__exit__)
        return shown

    def test_runs_images_and_what_was_made_of_them_are_read_there(self):
        before = self.objects()
        shown = self.open(
            f"s3://{BUCKET}/runs/a", "--data", f"s3://{BUCKET}/packed",
            "--predictions", f"s3://{BUCKET}/predictions.parquet",
            "--embeddings", f"s3://{BUCKET}/embeddings.parquet")
        run, = shown.get("/api/runs")["runs"]
        self.assertEqual(run["path"], f"s3://{BUCKET}/runs/a")
        self.assertEqual(run["state"], "finished")
        self.assertGreater(run["num_rows"], 0)
        has = shown.get("/api/info")["has"]
        for part in ("data", "predictions", "embeddings", "network"):
            self.assertTrue(has[part], part)
        self.assertEqual(len(shown.get("/api/images/0/neighbours?count=3")["neighbours"]), 3)
        for picture in ("thumbnail.png", "attention/0.png", "views.png"):
            with urllib.request.urlopen(
                    f"{shown.url}/api/images/0/{picture}", timeout=60) as answer:
                self.assertEqual(answer.read(4), b"\x89PNG", picture)
        self.assertEqual(self.objects(), before)

    def test_a_training_that_goes_on_is_seen(self):
        trained = self.world.trained
        metrics = (trained / "metrics.jsonl").read_text()
        files = {
            "config.toml": (trained / "config.toml").read_text(),
            "status.json": json.dumps(
                {"state": "running", "step": 100, "total_steps": 200, "epoch": 1,
                 "message": "", "updated": "2026-11-24T04:18:59Z", "pid": 1,
                 "host": "elsewhere"})}

        def put(lines):
            for name, text in (files | {"metrics.jsonl": lines}).items():
                self.s3.put_object(
                    Bucket=BUCKET, Key=f"runs/live/{name}", Body=text.encode())

        put(metrics)
        shown = self.open(f"s3://{BUCKET}/runs/live")

        def assert_num_rows_becomes(expected):
            deadline = time.monotonic() + PATIENCE_S
            while True:
                num_rows = shown.get("/api/runs")["runs"][0]["num_rows"]
                if num_rows == expected or time.monotonic() > deadline:
                    break
                time.sleep(0.5)
            self.assertEqual(num_rows, expected)

        before = metrics.count("\n")
        assert_num_rows_becomes(before)  # read beside the first answers
        put(metrics + STEP.format(1001) + STEP.format(1002))
        assert_num_rows_becomes(before + 2)

    def test_the_network_is_that_of_the_first_run_which_fits_the_images(self):
        world = self.world
        infrared, visible = world.folder / "infrared", world.folder / "visible"
        world.run("pretrain", "--recipe",
                  world.recipe(1, batch=4, bands='bands = ["B08"]'), "--out", infrared)
        world.run("data", "pack", world.patches, "--index",
                  world.folder / "index.parquet", "--bands", "B04,B03,B02",
                  "--out", visible)
        shown = self.open(infrared, world.trained, "--data", visible)
        self.assertTrue(shown.get("/api/info")["has"]["network"])
        self.assertGreater(shown.get("/api/images/0")["num_heads"], 0)
        shown = self.open(infrared, "--data", visible)
        self.assertFalse(shown.get("/api/info")["has"]["network"])


if __name__ == "__main__":
    NADIR = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
