"""The fake control plane itself: states in SageMaker's order, and failures in
its words.

    fake_test.py
"""
import json
import pathlib
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from fake_sagemaker import FakeSageMaker
from moto_server import Moto, python_with_moto

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/nadir:1"
CONTAINER = pathlib.Path(__file__).with_name("tiny_container.py")
SIGNED = ("AWS4-HMAC-SHA256 Credential=AKID/20260101/{}/sagemaker/aws4_request,"
          " SignedHeaders=host, Signature=0")


def training_request(name, **hyper):
    return {
        "TrainingJobName": name,
        "RoleArn": "arn:aws:iam::123456789012:role/R",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {k: json.dumps(v) for k, v in hyper.items()},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {
            "S3DataSource": {"S3DataType": "S3Prefix",
                             "S3Uri": "s3://bucket/data/"}}}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "CheckpointConfig": {"S3Uri": f"s3://bucket/ckpt/{name}"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1,
                           "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60}}


class Fake(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        moto = Moto(python_with_moto(), folder.name + "/moto.log")
        cls.addClassCleanup(moto.close)
        cls.moto = moto

    def setUp(self):
        self.fake = FakeSageMaker(
            self.moto.endpoint, {IMAGE: [sys.executable, CONTAINER]}).start()
        self.addCleanup(self.fake.stop)
        self.fake.grace_s = 5
        self.fake.s3.make_bucket("bucket")
        self.fake.s3.put("s3://bucket/data/a.tif", b"a")
        self.addCleanup(self._empty)

    def _empty(self):
        for key in self.fake.s3.list("s3://bucket/"):
            self.fake.s3.delete("s3://bucket/" + key)

    def call(self, operation, request, region="us-east-1"):
        answer = urllib.request.urlopen(urllib.request.Request(
            self.fake.endpoint, data=json.dumps(request).encode(), headers={
                "X-Amz-Target": "SageMaker." + operation,
                "Authorization": SIGNED.format(region)}))
        body = answer.read()
        return json.loads(body) if body else None

    def expect_refusal(self, code, operation, request, **more):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.call(operation, request, **more)
        answer = json.loads(caught.exception.read())
        self.assertEqual(answer["__type"], code)

    def until(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_a_job_runs_through_its_states(self):
        self.call("CreateTrainingJob", training_request("a"))
        job = self.fake.wait("a")
        self.assertEqual(job["TrainingJobStatus"], "Completed", job)
        self.assertEqual(
            [one["Status"] for one in job["SecondaryStatusTransitions"]],
            ["Starting", "Downloading", "Training", "Uploading", "Completed"])
        keys = sorted(self.fake.s3.list("s3://bucket/"))
        self.assertEqual(keys, [
            "ckpt/a/step.txt", "data/a.tif", "out/a/output/model.tar.gz",
            "out/a/output/output.tar.gz"])
        self.expect_refusal(
            "ResourceInUse", "CreateTrainingJob", training_request("a"))
        lines = [text for stream in self.fake.logs["Training"].streams.values()
                 for _, text in stream]
        self.assertIn("channel train: 1 files", lines)
        self.assertIn("train_loss=2.6667 step=3", lines)

    def test_a_spot_job_goes_on_from_its_checkpoint(self):
        request = training_request("spot", steps=400, pause=0.02)
        request["EnableManagedSpotTraining"] = True
        self.call("CreateTrainingJob", request)
        self.until(lambda: "ckpt/spot/step.txt" in self.fake.s3.list(
            "s3://bucket/ckpt/"))
        self.fake.interrupt("spot")
        self.until(lambda: self.fake.job("spot").num_interruptions == 1)
        self.call("StopTrainingJob", {"TrainingJobName": "spot"})
        job = self.fake.wait("spot")
        self.assertEqual(job["TrainingJobStatus"], "Stopped")
        self.assertIn("Interrupted", [
            one["Status"] for one in job["SecondaryStatusTransitions"]])

    def test_a_failure_is_told_in_the_containers_words(self):
        self.call("CreateTrainingJob", training_request("bad", fail="no data"))
        job = self.fake.wait("bad")
        self.assertEqual(job["TrainingJobStatus"], "Failed")
        self.assertEqual(
            job["FailureReason"], "AlgorithmError: no data, exit code: 2")

    def test_two_hosts_write_a_stream_each(self):
        request = training_request("two")
        request["ResourceConfig"]["InstanceCount"] = 2
        self.call("CreateTrainingJob", request)
        self.assertEqual(
            self.fake.wait("two")["TrainingJobStatus"], "Completed")
        self.assertEqual(len(self.fake.logs["Training"].streams), 2)

    def test_refusals(self):
        self.expect_refusal("InvalidSignatureException", "ListTrainingJobs", {},
                            region="eu-west-1")
        self.expect_refusal("ValidationException", "DescribeTrainingJob",
                            {"TrainingJobName": "none"})
        self.fake.quota["ml.m5.large"] = 0
        self.expect_refusal("ResourceLimitExceeded", "CreateTrainingJob",
                            training_request("much"))
        self.fake.fail_next("ListTrainingJobs", "ThrottlingException", "slow")
        self.expect_refusal("ThrottlingException", "ListTrainingJobs", {})
        self.call("ListTrainingJobs", {})
        self.fake.quota.clear()
        self.fake.no_capacity.add("ml.m5.large")
        self.call("CreateTrainingJob", training_request("sold-out"))
        self.assertIn(
            "CapacityError", self.fake.wait("sold-out")["FailureReason"])

    def test_a_transform_job_posts_every_object(self):
        self.call("CreateTrainingJob", training_request("t"))
        self.fake.wait("t")
        self.call("CreateModel", {"ModelName": "m", "PrimaryContainer": {
            "Image": IMAGE,
            "ModelDataUrl": "s3://bucket/out/t/output/model.tar.gz"}})
        self.call("CreateTransformJob", {
            "TransformJobName": "t", "ModelName": "m",
            "TransformInput": {"DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}}},
            "TransformOutput": {"S3OutputPath": "s3://bucket/pred"},
            "TransformResources": {"InstanceType": "ml.m5.large",
                                   "InstanceCount": 1}})
        job = self.fake.wait("t", "Transform")
        self.assertEqual(job["TransformJobStatus"], "Completed", job)
        self.assertEqual(
            self.fake.s3.get("s3://bucket/pred/a.tif.out"), b'{"bytes": 1}')


if __name__ == "__main__":
    unittest.main()
