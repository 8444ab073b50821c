"""moto's server as a process: the S3, IAM and STS of the tests."""
import os
import pathlib
import socket
import subprocess
import sys
import time
import unittest
import urllib.request


class Moto:
    """Running from the constructor to close(). `python` has moto installed."""

    def __init__(self, python, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        self.log = open(log, "w")
        self.process = subprocess.Popen(
            [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.endpoint + "/moto-api/", timeout=2)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise
                time.sleep(0.1)

    def environment(self, cache):
        """What a program finds its S3 by; its copies go to the folder `cache`."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true", "NADIR_CACHE": str(cache)}

    def s3(self):
        """boto3's client of it."""
        import boto3  # not where tests without it are collected
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def python_with_moto():
    """The interpreter that has moto; a skipped test where none has."""
    root = pathlib.Path(__file__).resolve().parents[2]
    for python in (os.environ.get("NADIR_MOTO_PYTHON"),
                   root / ".deps" / "test-venv" / "bin" / "python",
                   sys.executable):
        if python and pathlib.Path(python).exists() and subprocess.run(
                [str(python), "-c", "import moto.server"],
                capture_output=True, check=False).returncode == 0:
            return str(python)
    raise unittest.SkipTest("moto is not installed; scripts/test.sh does")
