"""`nadir job` against the fake control plane and moto's S3, IAM and STS.

    job_test.py NADIR [TEST ...]

Every request that reaches the control plane is held against botocore's model
of the service. Needs moto and botocore; without them all is skipped.
"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

from fake_sagemaker import FakeSageMaker
from moto_server import Moto, python_with_moto

NADIR = ""
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/nadir:1"
ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
CONTAINER = pathlib.Path(__file__).with_name("tiny_container.py")


class Jobs(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        moto = Moto(python_with_moto(), folder.name + "/moto.log")
        cls.addClassCleanup(moto.close)
        cls.moto = moto

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.fake = FakeSageMaker(
            self.moto.endpoint, {IMAGE: [sys.executable, CONTAINER]}).start()
        self.addCleanup(self.fake.stop)
        self.fake.grace_s = 5
        self.s3 = self.fake.s3
        self.s3.make_bucket("bucket")
        self.s3.put("s3://bucket/data/a.tif", b"a")
        self.s3.put("s3://bucket/mine.txt", b"the user's own")
        self.addCleanup(self.empty_bucket)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state"),
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.moto.endpoint,
            "AWS_ENDPOINT_URL_SAGEMAKER": self.fake.endpoint,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.fake.endpoint}

    def empty_bucket(self):
        for key in self.s3.list("s3://bucket/"):
            self.s3.delete("s3://bucket/" + key)

    def tearDown(self):
        self.check_requests()

    def check_requests(self):
        """What was sent is what the service's own model takes."""
        try:
            import botocore.session
            from botocore.validate import ParamValidator
        except ImportError:
            return
        session = botocore.session.get_session()
        for operation, request in self.fake.calls:
            service = "logs" if "Log" in operation else "sagemaker"
            model = session.get_service_model(service)
            shape = model.operation_model(operation).input_shape
            report = ParamValidator().validate(request, shape)
            self.assertFalse(report.has_errors(), report.generate_report())

    # Calls.

    def job(self, *words, status=0, timeout=90, **environment):
        done = subprocess.run(
            [NADIR, "job", *map(str, words)], capture_output=True, text=True,
            timeout=timeout, cwd=self.folder, stdin=subprocess.DEVNULL,
            env={**self.environment, **environment}, check=False)
        self.assertEqual(
            done.returncode, status, done.stdout + "\n" + done.stderr)
        return done

    def submit(self, task, *words, name=None, after=(), **more):
        """Submits with the usual flags; `after` is what follows --."""
        flags = ["--role", ROLE, "--instance-type", "ml.m5.large",
                 "--output-s3", "s3://bucket/out"]
        if "--image" not in words:
            flags += ["--image", IMAGE]
        if "--input" not in words:
            flags += ["--input", "train=s3://bucket/data/"]
        if name:
            flags += ["--job-name", name]
        return self.job("submit", task, *flags, *words,
                        *(["--", *after] if after else []), **more)

    def set_hyper(self, **hyper):
        """What the tests' container reads beside nadir's own flags."""
        original = self.fake.answer

        def answer(operation, request):
            if operation == "CreateTrainingJob":
                request["HyperParameters"].update(
                    {k: json.dumps(v) for k, v in hyper.items()})
            return original(operation, request)

        self.fake.answer = answer

    def keys(self, prefix="s3://bucket/"):
        return sorted(self.s3.list(prefix))

    def until(self, condition, what):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def refused(self, *words, says, status=2, **environment):
        done = self.job(*words, status=status, **environment)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        return done

    # A job's life.

    def test_a_job_is_submitted_watched_and_cleaned(self):
        done = self.submit(
            "pretrain", "--wait", "--poll-s", "0.2", name="one",
            after=["--arch", "vit_small", "--epochs", "100"])
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "one")
        self.assertIn("channel train: 1 files", lines)
        self.assertIn("train_loss=2.6667 step=3", lines)
        for status in ("Starting", "Downloading", "Training", "Completed"):
            self.assertIn(status, done.stderr)
        request = dict(self.fake.calls)["CreateTrainingJob"]
        self.assertEqual(request["HyperParameters"]["arch"], '"vit_small"')
        self.assertEqual(request["HyperParameters"]["epochs"], "100")
        self.assertEqual(
            request["HyperParameters"]["nadir_command"], '"pretrain"')
        self.assertIn({"Key": "nadir:job", "Value": "one"}, request["Tags"])

        self.assertIn("one", self.job("list").stdout)
        status = json.loads(self.job("status", "one", "--json").stdout)
        self.assertEqual(status["status"], "Completed")
        self.assertEqual(
            status["model"], "s3://bucket/out/one/output/model.tar.gz")
        self.assertIn("Completed", self.job("status", "one").stdout)

        metrics = json.loads(self.job("metrics", "one", "--json").stdout)
        self.assertEqual(
            [p["value"] for p in metrics["points"] if p["name"] == "train:loss"],
            [8.0, 4.0, 2.6667])
        self.assertIn("train:loss", self.job("metrics", "one").stdout)

        self.job("download", "one", "--what", "all", "--out", "got")
        got = self.folder / "got"
        with tarfile.open(got / "model.tar.gz") as archive:
            self.assertEqual(archive.getnames(), ["weights.txt"])
        self.assertEqual((got / "checkpoints/step.txt").read_text(), "3")
        self.refused("download", "one", "--out", "got", says="--overwrite")

        self.refused("clean", "one", says="--yes")
        shown = self.job("clean", "one", "--dry-run").stdout
        self.assertIn("s3://bucket/out/one/", shown)
        self.assertIn("log stream   one/algo-1-", shown)
        self.job("clean", "one", "--yes")
        self.assertEqual(self.keys(), ["data/a.tif", "mine.txt"])
        self.assertEqual(self.fake.logs["Training"].streams, {})
        self.assertEqual(
            list((self.folder / "state/nadir/jobs").iterdir()), [])
        self.assertIn("nothing of one", self.job("clean", "one").stdout)

    def test_logs_go_on_from_where_they_left_off(self):
        self.set_hyper(steps=40, pause=0.1)
        self.fake.empty_first_page = True
        self.fake.log_page = 3
        self.submit("pretrain", name="long")
        process = subprocess.Popen(
            [NADIR, "job", "logs", "long", "--follow", "--poll-s", "0.1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=self.environment)
        first = []
        while len(first) < 5:
            first.append(process.stdout.readline().strip())
        process.send_signal(signal.SIGINT)
        first += process.stdout.read().split("\n")[:-1]
        self.assertEqual(process.wait(), 128 + signal.SIGINT)
        process.stdout.close()
        rest = self.job("logs", "long", "--follow", "--poll-s",
                        "0.1").stdout.splitlines()
        every = [t for s in self.fake.logs["Training"].streams.values()
                 for _, t in s]
        self.assertEqual(first + rest, every)
        self.assertEqual(self.job("logs", "long").stdout.splitlines(), every)

    def test_a_spot_job_is_interrupted_and_goes_on(self):
        self.set_hyper(steps=30, pause=0.1)
        self.submit("pretrain", "--spot", "--max-wait", "90000",
                    "--checkpoint-s3", "s3://bucket/ckpt", name="spot")
        self.until(lambda: "ckpt/spot/step.txt" in self.keys(), "a checkpoint")
        self.fake.interrupt("spot")
        done = self.job("attach", "spot", "--poll-s", "0.2")
        self.assertIn("Interrupted", done.stderr)
        self.assertNotIn("goes on from step 30", done.stdout)
        self.assertEqual(done.stdout.count("goes on from step"), 2)
        self.assertIn("step=30\n", done.stdout)
        # A fresh prefix for each job, or the same with --resume.
        self.submit("pretrain", "--checkpoint-s3", "s3://bucket/ckpt/spot",
                    "--resume", "--wait", "--poll-s", "0.2", name="more")
        self.job("clean", "more", "--yes")
        self.assertIn("ckpt/spot/step.txt", self.keys())

    def test_a_stopped_job_keeps_its_work(self):
        self.set_hyper(steps=1000, pause=0.05)
        self.submit("pretrain", name="s")
        self.refused("clean", "s", "--yes", says="stop it first")
        self.until(lambda: self.fake.job("s").secondary == "Training", "start")
        done = self.job("stop", "s", "--wait", "--poll-s", "0.2")
        self.assertIn("s Stopped", done.stdout)
        self.assertIn("out/s/output/model.tar.gz", self.keys())
        self.assertIn("ended already", self.job("stop", "s").stderr)

    def test_one_job_feeds_the_next(self):
        self.submit("pretrain", "--wait", "--poll-s", "0.2", name="first")
        self.submit("linear", "--from-job", "first", "--wait", "--poll-s",
                    "0.2", name="second", after=["--epochs", "50"])
        request = self.fake.job("second").request
        self.assertEqual(
            {c["ChannelName"]: c["DataSource"]["S3DataSource"]["S3Uri"]
             for c in request["InputDataConfig"]},
            {"train": "s3://bucket/data/",
             "dino_checkpoint": "s3://bucket/out/first/checkpoints/"})
        compared = self.job("compare", "first", "second").stdout
        self.assertIn("train:loss", compared)
        self.assertIn("--nadir_command", compared)

    def test_predictions_as_batch_transform(self):
        self.submit("pretrain", "--wait", "--poll-s", "0.2", name="model")
        self.s3.put("s3://bucket/data/b.tif", b"bb")
        self.submit("predict", "--as", "transform", "--from-job", "model",
                    "--wait", "--poll-s", "0.2", name="pred")
        self.assertEqual(
            self.s3.get("s3://bucket/out/pred/output/b.tif.out"),
            b'{"bytes": 2}')
        self.assertIn("pred", self.fake.models)
        self.assertIn("serving ['weights.txt']", self.job("logs", "pred").stdout)
        self.job("clean", "pred", "--yes")
        self.assertNotIn("pred", self.fake.models)
        self.assertEqual(self.keys("s3://bucket/out/pred/"), [])
        self.assertIn("out/model/output/model.tar.gz", self.keys())

    def test_predictions_as_a_processing_job(self):
        self.submit("pretrain", "--wait", "--poll-s", "0.2", name="model")
        self.submit("predict", "--from-job", "model", "--wait", "--poll-s",
                    "0.2", name="proc")
        self.assertIn("out/proc/output/data/report.txt", self.keys())
        self.assertIn("channel dino_checkpoint: 1 files",
                      self.job("logs", "proc").stdout)
        self.job("clean", "proc", "--yes")
        self.assertEqual(self.keys("s3://bucket/out/proc/"), [])

    def test_a_file_of_settings_and_flags_on_top(self):
        (self.folder / "job.toml").write_text(
            'input = ["train=s3://bucket/none/", "metadata=s3://bucket/data/"]\n'
            'hp = ["epochs=7", "bands=B04,B03"]\ntag = ["team=earth"]\n'
            f'[place]\nrole = "{ROLE}"\nimage = "{IMAGE}"\n'
            'instance_type = "ml.g5.xlarge"\nsubnets = ["subnet-1"]\n'
            'security_groups = ["sg-1"]\n[data]\noutput_s3 = "s3://bucket/o/"\n')
        words = ["submit", "pretrain", "--config", "job.toml", "--instance-type",
                 "ml.p4d.24xlarge", "--input", "train:FastFile=s3://bucket/data/",
                 "--hp", "epochs=9", "--job-name", "x"]
        done = self.job(*words, "--dry-run", AWS_ACCESS_KEY_ID="")
        request = json.loads(done.stdout)["CreateTrainingJob"]
        self.assertEqual(request["ResourceConfig"]["InstanceType"],
                         "ml.p4d.24xlarge")
        self.assertEqual(request["HyperParameters"], {
            "nadir_command": '"pretrain"', "epochs": "9",
            "bands": '"B04,B03"'})
        self.assertEqual(
            [(c["ChannelName"], c["InputMode"])
             for c in request["InputDataConfig"]],
            [("metadata", "File"), ("train", "FastFile")])
        self.assertEqual(request["VpcConfig"], {
            "Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})
        self.assertEqual(self.fake.calls, [])  # a dry run asks nobody
        self.job(*words)
        self.assertEqual(self.fake.job("x").request, request)
        (self.folder / "job.toml").write_text('instance_typ = "x"\n')
        self.refused(*words, says="did you mean 'instance_type'?")

    def test_the_account_is_asked_for_what_is_left_out(self):
        import urllib.parse
        import urllib.request
        from fake_s3 import AUTHORIZATION
        urllib.request.urlopen(urllib.request.Request(
            self.moto.endpoint, data=urllib.parse.urlencode({
                "Action": "CreateRole", "RoleName": "MyRole",
                "AssumeRolePolicyDocument": "{}",
                "Version": "2010-05-08"}).encode(),
            headers={"Authorization": AUTHORIZATION.replace("/s3/", "/iam/")}))
        self.s3.make_bucket("sagemaker-us-east-1-123456789012")
        self.job("submit", "pretrain", "--role", "MyRole", "--image", IMAGE,
                 "--instance-type", "ml.m5.large", "--input",
                 "train=s3://bucket/data/", "--job-name", "names")
        request = self.fake.job("names").request
        self.assertEqual(
            request["RoleArn"], "arn:aws:iam::123456789012:role/MyRole")
        self.assertEqual(request["OutputDataConfig"]["S3OutputPath"],
                         "s3://sagemaker-us-east-1-123456789012")

    def test_throttling_passes_and_hosts_are_named(self):
        self.fake.fail_next("CreateTrainingJob", "ThrottlingException",
                            "Rate exceeded", times=2)
        done = self.submit("pretrain", "--instance-count", "2", "--wait",
                           "--poll-s", "0.2", name="slow")
        for host in ("127.0.0.1", "127.0.0.2"):
            self.assertIn(f"[{host}] train_loss=2.6667 step=3", done.stdout)

    # What cannot be.

    def test_clean_does_not_touch_what_others_made(self):
        self.fake.answer("CreateTrainingJob", {
            "TrainingJobName": "theirs", "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large",
                               "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60}})
        self.fake.wait("theirs")
        before = self.keys()
        self.refused("clean", "theirs", "--yes", says="nothing of it is touched")
        self.assertEqual(self.keys(), before)

    def test_clean_asks_on_a_terminal_and_works_from_another_host(self):
        self.submit("pretrain", "--wait", "--poll-s", "0.2", name="asked")
        # Another host has no record of it.
        elsewhere = {**self.environment,
                     "XDG_STATE_HOME": str(self.folder / "elsewhere")}
        for answer, left in (("n", True), ("y", False)):
            ours, theirs = pty.openpty()
            process = subprocess.Popen(
                [NADIR, "job", "clean", "asked"], stdin=theirs,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=elsewhere)
            os.write(ours, (answer + "\n").encode())
            process.wait(60)
            os.close(ours)
            os.close(theirs)
            self.assertEqual(bool(self.keys("s3://bucket/out/asked/")), left)

    def test_a_name_in_use_and_a_prefix_in_use(self):
        self.submit("pretrain", name="twice")
        self.fake.wait("twice")
        self.submit_refused("twice", says="another --job-name")
        self.empty_bucket()
        self.s3.put("s3://bucket/data/a.tif", b"a")
        self.submit_refused("twice", says=["ResourceInUse", "leave --job-name"])

    def submit_refused(self, name, *words, says, task="pretrain", status=2,
                       after=(), **more):
        done = self.submit(task, *words, name=name, status=status, after=after,
                           **more)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")
        return done

    def test_no_credentials(self):
        self.submit_refused("a", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="",
                            says="credentials")
        self.assertEqual(self.fake.calls, [])

    def test_an_expired_token(self):
        self.refused("list", AWS_SESSION_TOKEN="expired",
                     says=["ExpiredToken", "sign in again"])

    def test_a_wrong_region(self):
        self.refused("list", "--region", "eu-west-1",
                     says="valid region, not 'eu-west-1'")

    def test_no_such_bucket(self):
        self.submit_refused(
            "a", "--input", "train=s3://no-such-bucket-here/x/",
            says=["no-such-bucket-here", "NoSuchBucket"])
        self.submit_refused("a", "--input", "train=s3://bucket/nothing/",
                            says="nothing lies below s3://bucket/nothing/")
        self.assertEqual(self.fake.calls, [])

    def test_access_denied(self):
        self.fake.fail_next(
            "CreateTrainingJob", "AccessDeniedException",
            "User: x is not authorized to perform: iam:PassRole on resource: y")
        self.submit_refused("a", says=["AccessDenied", "iam:PassRole on it"])
        self.fake.fail_next("ListTrainingJobs", "AccessDeniedException", "no")
        self.refused("list", says="these credentials may not do that")

    def test_no_capacity(self):
        self.fake.no_capacity.add("ml.m5.large")
        self.submit("pretrain", name="sold-out")
        self.refused("wait", "sold-out", "--poll-s", "0.1", status=1,
                     says=["CapacityError", "sold out", "--instance-type"])
        self.assertIn("what to do", self.job("status", "sold-out").stdout)

    def test_a_quota_exceeded(self):
        self.fake.quota["ml.m5.large"] = 0
        self.submit_refused("a", says=["ResourceLimitExceeded", "Service Quotas"])
        self.assertEqual(self.keys(), ["data/a.tif", "mine.txt"])

    def test_an_image_that_is_missing(self):
        self.submit("pretrain", "--image", IMAGE + "-none", name="no-image")
        self.refused("wait", "no-image", "--poll-s", "0.1", status=1,
                     says=["Cannot find image", "push the image to ECR"])

    def test_a_job_that_fails_says_why(self):
        self.set_hyper(fail="channel train: there is no band B10")
        done = self.submit("pretrain", "--wait", "--poll-s", "0.1", name="bad",
                           status=1)
        self.assertIn("there is no band B10, exit code: 2", done.stderr)
        self.assertIn("nadir job logs bad", done.stderr)
        self.refused("attach", "bad", status=1, says="no band B10")

    def test_a_job_that_is_not_there(self):
        for verb in ("status", "logs", "stop", "wait", "attach", "metrics",
                     "download", "clean"):
            self.refused(verb, "none", says="there is no job none")
        self.refused("status", "../x", says="letters, digits and dashes")

    def test_a_refused_creation_leaves_nothing_behind(self):
        self.submit("pretrain", "--wait", "--poll-s", "0.2", name="model")
        before = self.keys()
        self.fake.fail_next("CreateTransformJob", "ValidationException", "no")
        self.submit_refused("p", "--as", "transform", "--from-job", "model",
                            task="predict", says="no")
        self.assertEqual(self.fake.models, {})
        self.fake.fail_next("CreateProcessingJob", "ValidationException", "no")
        self.submit_refused("p", "--from-job", "model", task="predict",
                            says="no")
        self.assertEqual(self.keys(), before)

    def test_settings_that_cannot_be(self):
        for words, after, says in (
            (["--max-wait", "5"], [], "add --spot"),
            (["--spot", "--max-wait", "5"], [], "shorter than --max-run"),
            (["--resume"], [], "--checkpoint-s3"),
            (["--subnets", "a"], [], "--security-groups"),
            ([], ["--epoch", "3"], "did you mean 'epochs'?"),
            ([], ["--epochs", "three"], "must be an integer"),
            (["--hp", "epochs"], [], "NAME=VALUE"),
            (["--input", "train=/data"], [], "s3://BUCKET/PREFIX"),
            (["--input", "train:Tape=s3://bucket/x/"], [], "FastFile"),
            (["--tag", "nadir:job=x"], [], "nadir made"),
            (["--metric", "x=[0-9]"], [], "one group"),
            (["--poll-s", "0"], [], "--poll-s"),
            (["--from-job", "none"], [], "there is no job none"),
        ):
            with self.subTest(words=words, after=after):
                self.submit_refused("a", *words, after=after, says=says)
        self.submit_refused("a_b", says="letters, digits and dashes")
        self.submit_refused("a", "--as", "transform", task="predict",
                            says="--from-job")
        self.assertFalse(
            [op for op, _ in self.fake.calls if op.startswith("Create")])


if __name__ == "__main__":
    NADIR = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
