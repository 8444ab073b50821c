"""Calls to moto as a local AWS that checks signatures and policies.

    moto_accounts_test.py AWS_PROBE

Starts a moto server, makes a user with a key and a role, and from then on lets
it check every request. Good keys and a role's temporary ones are taken; a wrong
secret, an unknown key, a lost token and a missing permission are refused with
the reason and what to do, and no secret is shown.
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SKIPPED = 77
try:
    import boto3
    import moto.server  # noqa: F401
except ImportError as error:
    print(f"skipped: {error} (tests/requirements.txt names it)")
    sys.exit(SKIPPED)

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
# What is called before signatures are checked.
NUM_FREE_CALLS = 7


class Server:
    def __init__(self, folder):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(pathlib.Path(folder) / "moto.log", "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1",
             "-p", str(port)],
            env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT":
                              str(NUM_FREE_CALLS)},
            stdout=self.log, stderr=self.log)

    def wait(self):
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/moto-api/", timeout=5)
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        sys.exit("FAILED: the moto server does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class Calls:
    """Runs the probe against the server, and keeps the score."""

    def __init__(self, probe, server, folder):
        self.probe, self.server, self.folder = probe, server, folder
        self.failures = 0

    def run(self, words, variables):
        environment = {
            "HOME": str(self.folder), "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_EC2_METADATA_DISABLED": "true", "PATH": os.environ["PATH"]}
        return subprocess.run([self.probe, *words], capture_output=True,
                              text=True, env=environment | variables,
                              timeout=60)

    def check(self, what, words, variables, *expected, good=True):
        done = self.run(words, variables)
        text = done.stdout + done.stderr
        hidden = [value for name, value in variables.items()
                  if "SECRET" in name or "TOKEN" in name]
        fits = ((done.returncode == 0) == good
                and all(part in text for part in expected)
                and not any(secret in text for secret in hidden))
        self.failures += not fits
        print(f"{'ok  ' if fits else 'FAIL'} {what}: {text.strip()}")


def keys(key):
    """The variables for what IAM or STS gave."""
    variables = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                 "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    if "SessionToken" in key:
        variables["AWS_SESSION_TOKEN"] = key["SessionToken"]
    return variables


def make_world(server):
    """Keys of a user that may all, keys of one that may nothing."""
    iam = boto3.client("iam", region_name=REGION, endpoint_url=server.url,
                       aws_access_key_id="x", aws_secret_access_key="x")
    iam.create_user(UserName="able")
    iam.create_user(UserName="unable")
    iam.put_user_policy(UserName="able", PolicyName="all",
                        PolicyDocument=ALLOW_ALL)
    iam.create_role(RoleName="trainer", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="trainer", PolicyName="all",
                        PolicyDocument=ALLOW_ALL)
    able = iam.create_access_key(UserName="able")["AccessKey"]
    unable = iam.create_access_key(UserName="unable")["AccessKey"]
    return able, unable


def check_all(calls, able, unable):
    sts = boto3.client("sts", region_name=REGION,
                       endpoint_url=calls.server.url,
                       aws_access_key_id=able["AccessKeyId"],
                       aws_secret_access_key=able["SecretAccessKey"])
    arn = f"arn:aws:iam::{ACCOUNT}:role/trainer"
    role = keys(sts.assume_role(RoleArn=arn, RoleSessionName="test")
                ["Credentials"])
    good = keys(able)
    services = [("training-jobs", '"TrainingJobSummaries"'),
                ("account", ACCOUNT), ("role-arn trainer", arn)]
    for words, answer in services:
        words = words.split()
        calls.check(f"{words[0]}, good key", words, good, answer)
        calls.check(f"{words[0]}, role's key", words, role, answer)
        calls.check(f"{words[0]}, wrong secret", words,
                    good | {"AWS_SECRET_ACCESS_KEY": "wrong-secret-hush"},
                    "SignatureDoesNotMatch", "clock", good=False)
        calls.check(f"{words[0]}, token lost", words,
                    {name: value for name, value in role.items()
                     if name != "AWS_SESSION_TOKEN"},
                    "InvalidClientTokenId", "AWS_SESSION_TOKEN", good=False)
        calls.check(f"{words[0]}, unknown key", words,
                    good | {"AWS_ACCESS_KEY_ID": "AKIANOBODY"},
                    "InvalidClientTokenId", good=False)
    calls.check("training-jobs, not allowed", ["training-jobs"], keys(unable),
                "AccessDenied", "docs/sagemaker.md", good=False)
    check_profile_role(calls, able, arn)


def check_profile_role(calls, able, arn):
    """Takes on the role by itself, from a profile."""
    folder = calls.folder / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        f"[profile trainer]\nrole_arn = {arn}\nsource_profile = able\n")
    (folder / "credentials").write_text(
        f"[able]\naws_access_key_id = {able['AccessKeyId']}\n"
        f"aws_secret_access_key = {able['SecretAccessKey']}\n")
    calls.check("training-jobs, profile with a role", ["training-jobs"],
                {"AWS_PROFILE": "trainer"}, '"TrainingJobSummaries"')


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            server.wait()
            calls = Calls(sys.argv[1], server, pathlib.Path(folder))
            check_all(calls, *make_world(server))
        finally:
            server.stop()
    if calls.failures:
        sys.exit(f"{calls.failures} calls did not go as they should")


if __name__ == "__main__":
    main()
