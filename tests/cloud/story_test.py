"""The article's whole story with the built program as tool and as container:
an archive goes to S3, a pretraining job that loses its spot instance once, its
logs, a probe job, batch inference, the table of average precision, and a
clean-up that leaves nothing but what the user had put there.

    story_test.py NADIR [TEST ...]

The control plane is the tests' own, S3 is moto's; without moto it is skipped.
"""
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

from fake_sagemaker import FakeSageMaker
from moto_server import Moto, python_with_moto

NADIR = ""
BUCKET = "s3://bigearthnet-s2-dataset"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/nadir:1"
PLACE = ["--role", "arn:aws:iam::123456789012:role/SageMakerRole",
         "--image", IMAGE, "--instance-type", "ml.g5.xlarge",
         "--output-s3", f"{BUCKET}/jobs", "--poll-s", "0.3"]
CHANNELS = ["--input", f"train={BUCKET}/data_rgb/",
            "--input", f"metadata={BUCKET}/metadata/"]
PRETRAIN = {
    "arch": "vit_nano", "patch_size": 16, "epochs": 6, "saveckp_freq": 2,
    "batch_size_per_gpu": 8, "global_crop_size": 32, "local_crop_size": 16,
    "local_crops_number": 2, "out_dim": 64, "head_hidden_dim": 64,
    "head_bottleneck_dim": 32, "warmup_epochs": 1, "knn_every_epochs": 2,
    "knn_images": 32, "save_every_steps": 4, "num_workers": 1, "num_threads": 1}
LINEAR = {"epochs": 5, "bootstrap": 0, "num_labels": 19, "num_workers": 1}


def hyperparameters(values):
    words = []
    for name, value in values.items():
        words += ["--hp", f"{name}={value}"]
    return words


class Story(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        moto = Moto(python_with_moto(), self.folder / "moto.log")
        self.addCleanup(moto.close)
        self.fake = FakeSageMaker(
            moto.endpoint, {IMAGE: [NADIR]},
            environment={"AWS_ENDPOINT_URL": moto.endpoint,
                         "NADIR_CACHE": str(self.folder / "cache")}).start()
        self.addCleanup(self.fake.stop)
        self.s3 = self.fake.s3
        self.s3.make_bucket(BUCKET[5:])
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            "HOME": str(self.folder), "NADIR_CACHE": str(self.folder / "cache"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": moto.endpoint,
            "AWS_ENDPOINT_URL_SAGEMAKER": self.fake.endpoint,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.fake.endpoint}

    def nadir(self, *words, timeout=400):
        begin = time.monotonic()
        done = subprocess.run(
            [NADIR, *map(str, words)], capture_output=True, text=True,
            timeout=timeout, cwd=self.folder, stdin=subprocess.DEVNULL,
            env=self.environment, check=False)
        print(f"{time.monotonic() - begin:6.1f} s  nadir",
              *words[:6], "..." if len(words) > 6 else "", flush=True)
        self.assertEqual(done.returncode, 0, done.stdout + "\n" + done.stderr)
        return done.stdout

    def keys(self, prefix=""):
        return sorted(self.s3.list(f"{BUCKET}/{prefix}"))

    def until(self, condition, what, seconds=200):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.1)

    def data_to_s3(self):
        self.nadir("data", "synth", "world", "--patches", "160", "--seed", "1",
                   "--archive")
        archive = next((self.folder / "world").glob("*.tar.gz"))
        lists = self.folder / "world" / "lists"
        there = f"{BUCKET}/download/{archive.name}"
        self.nadir("data", "copy", archive, there)
        self.nadir("data", "index", there, "--lists", lists, "--out",
                   f"{BUCKET}/download/index.parquet")
        self.nadir("data", "subset", there, "--index",
                   f"{BUCKET}/download/index.parquet", "--bands",
                   "B04,B03,B02", "--out", BUCKET)

    def pretrain(self):
        """Submitted, interrupted once when it has saved, and completed."""
        self.nadir("job", "submit", "pretrain", "--job-name", "dino", *PLACE,
                   "--spot", "--max-run", "3600", "--max-wait", "7200",
                   *CHANNELS, *hyperparameters(PRETRAIN))
        saved = "jobs/dino/checkpoints/"
        self.until(lambda: any("step-" in key for key in self.keys(saved)),
                   "no checkpoint came to S3")
        self.fake.interrupt("dino")
        self.nadir("job", "wait", "dino", "--poll-s", "0.3")
        job = self.fake.job("dino")
        self.assertEqual(job.num_interruptions, 1)
        logs = self.nadir("job", "logs", "dino")
        self.assertIn("going on from", logs)
        self.assertIn("loss", logs)
        metrics = json.loads(self.nadir("job", "metrics", "dino", "--json"))
        names = {point["name"] for point in metrics["points"]}
        self.assertIn("train:loss", names)
        self.assertTrue(any("knn" in name for name in names), names)

    def probe(self):
        self.nadir("job", "submit", "linear", "--job-name", "probe",
                   "--from-job", "dino", *PLACE, "--wait", *CHANNELS,
                   *hyperparameters(LINEAR))
        self.nadir("job", "download", "probe", "--what", "all", "--out", "probe")
        found = []
        for path in (self.folder / "probe").rglob("*.tar.gz"):
            with tarfile.open(path) as archive:
                for member in archive.getmembers():
                    if member.name.endswith("linear.json"):
                        found.append(json.load(archive.extractfile(member)))
        found += [json.loads(path.read_text()) for path in
                  (self.folder / "probe").rglob("linear.json")]
        self.assertTrue(found, "no table of average precision came back")
        text = json.dumps(found[0])
        for word in ("macro", "micro", "per_class"):
            self.assertIn(word, text)

    def predict(self):
        """The test patches, as a processing job and as batch transform."""
        self.nadir("job", "submit", "predict", "--job-name", "predictions",
                   "--from-job", "probe", *PLACE, "--wait",
                   "--input", f"data={BUCKET}/data_rgb/",
                   "--input", f"metadata={BUCKET}/metadata/")
        written = self.keys("jobs/predictions/")
        self.assertTrue(any("predictions" in key and (
            key.endswith(".parquet") or key.endswith(".csv"))
            for key in written), written)
        try:
            import numpy
            from PIL import Image
        except ImportError:
            print("numpy or Pillow is missing: no batch transform")
            return
        patches = sorted({key.split("/")[1] for key in self.keys("data_rgb/")})
        for patch in patches[:3]:
            bands = [numpy.asarray(Image.open(io.BytesIO(self.s3.get(
                f"{BUCKET}/data_rgb/{patch}/{patch}_{band}.tif"))), "<u2")
                for band in ("B04", "B03", "B02")]
            buffer = io.BytesIO()
            numpy.save(buffer, numpy.stack(bands))
            self.s3.put(f"{BUCKET}/arrays/{patch}.npy", buffer.getvalue())
        self.nadir("job", "submit", "predict", "--as", "transform",
                   "--job-name", "answers", "--from-job", "probe", *PLACE,
                   "--wait", "--input", f"data={BUCKET}/arrays/",
                   "--content-type", "application/x-npy")
        answers = [key for key in self.keys("jobs/answers/")
                   if key.endswith(".out")]
        self.assertEqual(len(answers), 3)
        answer = json.loads(self.s3.get(f"{BUCKET}/{answers[0]}"))
        self.assertEqual(len(answer["predictions"][0]["probabilities"]), 19)

    def archive_to_s3(self):
        """The archive's and its index's addresses; 40 patches."""
        self.nadir("data", "synth", "world", "--patches", "40", "--seed", "1",
                   "--archive")
        self.archive = next((self.folder / "world").glob("*.tar.gz"))
        there = f"{BUCKET}/archive/{self.archive.name}"
        index = f"{BUCKET}/metadata/index.parquet"
        self.nadir("data", "copy", self.archive, there)
        self.nadir("data", "index", there, "--lists",
                   self.folder / "world" / "lists", "--keep-discouraged",
                   "--out", index)
        return there, index

    def check_dataset(self, path):
        info = json.loads(self.nadir("data", "info", path, "--json"))
        self.assertEqual(info["images"]["all"], 40)
        self.assertEqual(info["bands"], ["B04", "B03", "B02"])
        self.assertEqual(info["first_image"]["type"], "uint16")

    def unpacked(self, archive):
        """output.tar.gz of a job, in a folder of its own."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        return folder

    def test_an_archive_is_packed_by_a_job(self):
        there, index = self.archive_to_s3()
        bands = ["--hp", "bands=B04,B03,B02"]
        metadata = ["--input", f"metadata={index}"]
        self.nadir("job", "submit", "pack", "--job-name", "packed", *PLACE,
                   "--wait", "--input", f"train={there}", *metadata, *bands)
        self.check_dataset(f"{BUCKET}/jobs/packed/output/data/dataset")
        # Through a pipe, which processing jobs do not have.
        self.nadir("job", "submit", "pack", "--as", "training", "--job-name",
                   "piped", *PLACE, "--wait", "--input", f"train:Pipe={there}",
                   *metadata, *bands)
        request = self.fake.job("piped").request
        self.assertIn("Pipe", [channel["InputMode"] for channel in
                               request["InputDataConfig"]])
        self.assertIn("channel train", self.nadir("job", "logs", "piped"))
        self.nadir("job", "download", "piped", "--what", "all", "--out", "got")
        self.check_dataset(self.unpacked(
            next((self.folder / "got").rglob("output.tar.gz"))) / "dataset")

    def test_an_archive_is_packed_here_by_the_same_contract(self):
        there, index = self.archive_to_s3()
        for name, source in (("remote", there), ("mine", self.archive)):
            self.nadir("job", "submit", "pack", "--as", "training", "--local",
                       "--local-dir", "local", "--job-name", name,
                       "--input", f"train:Pipe={source}",
                       "--input", f"metadata={index}",
                       "--hp", "bands=B04,B03,B02")
            self.check_dataset(self.unpacked(
                self.folder / f"local/{name}/output/output.tar.gz")
                / "dataset")

    def test_a_pipe_of_several_objects_is_refused_before_the_job(self):
        for name in ("a.tar", "b.tar"):
            self.s3.put(f"{BUCKET}/archive/{name}", b"x")
        refused = subprocess.run(
            [NADIR, "job", "submit", "pack", "--as", "training", *PLACE,
             "--input", f"train:Pipe={BUCKET}/archive/"],
            capture_output=True, text=True, env=self.environment,
            cwd=self.folder, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("one object", refused.stderr)
        self.assertIn("2 begin", refused.stderr)
        self.assertEqual(
            [name for name, _ in self.fake.calls if name.startswith("Create")],
            [])

    def test_the_story(self):
        self.data_to_s3()
        before = self.keys()
        self.pretrain()
        self.probe()
        self.predict()
        self.assertIn("dino", self.nadir("job", "list"))
        self.nadir("job", "compare", "dino", "probe")
        for name in ("answers", "predictions", "probe", "dino"):
            self.nadir("job", "clean", name, "--yes")
        left = [key for key in self.keys() if not key.startswith("arrays/")]
        self.assertEqual(left, before)
        self.assertEqual(self.fake.models, {})
        for kind, logs in self.fake.logs.items():
            self.assertEqual(logs.streams, {}, kind)


if __name__ == "__main__":
    NADIR = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
