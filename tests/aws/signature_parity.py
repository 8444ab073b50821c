"""botocore signs thousands of odd requests as we do.

    signature_parity.py AWS_PROBE

Requests are drawn with a fixed seed: methods, paths and queries with odd bytes,
blanks, letters beyond ASCII and slashes, headers with blanks and repeats,
bodies, temporary tokens, several services and regions. Both sides sign at the
same time of the clock; the Authorization headers must be equal.
"""
import datetime
import json
import random
import subprocess
import sys
import urllib.parse

SKIPPED = 77
try:
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.config import Config
    from botocore.credentials import Credentials
except ImportError as error:
    print(f"skipped: {error} (tests/requirements.txt names it)")
    sys.exit(SKIPPED)

NUM_REQUESTS = 6000
HOSTS = ["https://s3.eu-central-1.amazonaws.com", "https://b.s3.amazonaws.com",
         "http://127.0.0.1:5555", "https://host:443", "http://host:80",
         "http://HOST.example:8080", "https://[::1]:8443", "http://[fd00::2]"]
LETTERS = "abcXYZ019-_.~ +/=&%?#;:,@!$'()*[]{}|\\^`\"<>\t\näß€語🛰\x01\x7f"


def encoded(raw, safe=""):
    return urllib.parse.quote(raw, safe=safe + "-_.~")


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, most, letters=LETTERS):
        return "".join(self.random.choices(letters,
                                           k=self.random.randint(0, most)))

    def odd_bytes(self, most):
        return self.random.randbytes(self.random.randint(0, most))

    def raw(self, most):
        """Text, or bytes that are none in any encoding."""
        if self.random.random() < 0.2:
            return self.odd_bytes(most)
        return self.text(most)

    def path(self):
        parts = []
        for _ in range(self.random.randint(0, 5)):
            parts.append(self.random.choice(
                ["", ".", "..", encoded(self.raw(8)), encoded(self.text(6))]))
        return "/" + "/".join(parts)

    def headers(self):
        names = ["content-type", "range", "x-amz-target", "x-amz-meta-a",
                 "x-amz-meta-b", "x-amz-meta-a-b", "if-none-match"]
        chosen = self.random.choices(names, k=self.random.randint(0, 5))
        return [(name, self.text(12, "aB1 \t =;,:/*\"äé-")) for name in chosen]

    def request(self):
        service = self.random.choice(["s3", "sagemaker", "logs", "sts", "iam"])
        is_unsigned = service == "s3" and self.random.random() < 0.2
        return {
            "method": self.random.choice(
                ["GET", "PUT", "POST", "HEAD", "DELETE"]),
            "endpoint": self.random.choice(HOSTS) + self.random.choice(
                ["", "", "/prefix", "/two/parts"]),
            "path": self.path(),
            "query": [(encoded(self.raw(6)), encoded(self.raw(6)))
                      for _ in range(self.random.choice([0, 0, 1, 2, 5]))],
            "headers": self.headers(),
            "body": encoded(self.odd_bytes(50)),
            "key": "AKIA" + self.text(16, "ABCDEFG234567"),
            "secret": self.text(40, "abcXYZ019/+"),
            "token": self.random.choice(["", self.text(200, "abXY01/+=")]),
            "region": self.random.choice(["us-east-1", "eu-central-1",
                                          "cn-north-1"]),
            "service": service,
            "time": datetime.datetime.fromtimestamp(
                self.random.randint(0, 4_000_000_000),
                datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "payload_hash": "UNSIGNED-PAYLOAD" if is_unsigned else "",
        }


def theirs(given):
    query = "&".join(f"{name}={value}" for name, value in given["query"])
    url = given["endpoint"] + given["path"] + ("?" + query if query else "")
    request = AWSRequest(method=given["method"], url=url,
                         data=urllib.parse.unquote_to_bytes(given["body"]))
    for name, value in given["headers"]:
        request.headers.add_header(name, value)
    if given["payload_hash"]:
        request.context["client_config"] = Config(
            s3={"payload_signing_enabled": False})
    time = datetime.datetime.strptime(given["time"], "%Y-%m-%dT%H:%M:%SZ")
    botocore.auth.get_current_datetime = lambda *args, **kwargs: time
    signer = (botocore.auth.S3SigV4Auth if given["service"] == "s3"
              else botocore.auth.SigV4Auth)
    credentials = Credentials(given["key"], given["secret"],
                              given["token"] or None)
    signer(credentials, given["service"], given["region"]).add_auth(request)
    return request.headers["Authorization"]


def main():
    draw = Draw(20261126)
    requests = [draw.request() for _ in range(NUM_REQUESTS)]
    ours = subprocess.run(
        [sys.argv[1], "sign"], check=True, stdout=subprocess.PIPE,
        input="".join(json.dumps(one) + "\n" for one in requests).encode(),
    ).stdout.decode().splitlines()
    if len(ours) != len(requests):
        sys.exit(f"FAILED: {len(ours)} signatures of {len(requests)}")
    failures = 0
    for given, one in zip(requests, ours):
        other = theirs(given)
        if one != other:
            failures += 1
            if failures <= 5:
                print(f"FAIL {json.dumps(given)}\n  {one}\n  {other}")
    if failures:
        sys.exit(f"{failures} of {len(requests)} signatures differ")
    print(f"{len(requests)} signatures equal "
          f"(botocore {botocore.__version__})")


if __name__ == "__main__":
    main()
