"""The control plane of SageMaker and CloudWatch Logs on this host, for tests:
it speaks JSON 1.1, and runs jobs as processes by the container contract, with
queues, failures, spot interruptions, throttling and stops.

    fake = FakeSageMaker(s3_endpoint, {IMAGE: [PROGRAM]})
    fake.start()                      # fake.endpoint
    fake.fail_next("CreateTrainingJob", "ThrottlingException", "slow down")
    fake.interrupt(job_name)          # takes the spot instances away

Objects are on the S3 of `s3_endpoint`, which must not check signatures (moto's
server). Standard library only.

    fake_sagemaker.py S3_ENDPOINT IMAGE=PROGRAM [--port N]
"""
import http.server
import json
import pathlib
import re
import shlex
import sys
import tempfile
import threading
import time

from fake_container import LogStreams
from fake_jobs import ProcessingJob, TrainingJob, TransformJob
from fake_s3 import S3

ACCOUNT = "123456789012"
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
KINDS = {"Training": TrainingJob, "Processing": ProcessingJob,
         "Transform": TransformJob}


class Refusal(Exception):
    """An API error: its code and message."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class FakeSageMaker:
    """One region of one account. Settings may be changed while it runs."""

    def __init__(self, s3_endpoint, containers, region="us-east-1",
                 environment=None):
        self.s3 = S3(s3_endpoint)
        self.containers = dict(containers)  # image: words of its program
        self.region = region
        self.environment = dict(environment or {})  # of every container
        self.queue_s = 0.0     # from creation to the start
        self.grace_s = 120.0   # from SIGTERM to SIGKILL
        self.sync_s = 0.2      # between two looks at the checkpoints
        self.log_page = 10000  # events of one answer, at most
        self.empty_first_page = False  # as CloudWatch answers at times
        self.quota = {}        # instance type: instances at once
        self.no_capacity = set()  # instance types that are sold out
        self.calls = []        # (operation, request) of all that was asked
        self.jobs = {kind: {} for kind in KINDS}
        self.models = {}
        self.tags = {}         # ARN: {key: value}
        self.logs = {kind: LogStreams() for kind in KINDS}
        self.lock = threading.RLock()
        self.faults = []       # [operation, Refusal, times]
        self.folder = tempfile.TemporaryDirectory(prefix="fake-sagemaker-")
        self.server = None
        self.endpoint = ""

    def start(self, port=0):
        handler = type("Handler", (_Handler,), {"fake": self})
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for jobs in self.jobs.values():
            for job in jobs.values():
                job.abandon()
        self.folder.cleanup()

    def fail_next(self, operation, code, message, times=1, status=400):
        """The next calls of `operation` are refused with this error."""
        with self.lock:
            self.faults.append(
                [operation, Refusal(code, message, status), times])

    def interrupt(self, name):
        """Takes the instances of a spot job away; it starts again on others."""
        self.jobs["Training"][name].interrupt()

    def job(self, name, kind="Training"):
        return self.jobs[kind][name]

    def wait(self, name, kind="Training", seconds=60):
        """The job's description once it has ended."""
        job = self.jobs[kind][name]
        if not job.done.wait(seconds):
            raise TimeoutError(f"{name}: not ended within {seconds} s")
        return job.describe()

    def new_folder(self, name):
        return pathlib.Path(
            tempfile.mkdtemp(prefix=name + "-", dir=self.folder.name))

    def arn(self, what, name):
        return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:{what}/{name}"

    # Operations: request in, answer out.

    def answer(self, operation, request):
        with self.lock:
            self.calls.append((operation, request))
            for fault in self.faults:
                if fault[0] == operation and fault[2] > 0:
                    fault[2] -= 1
                    raise fault[1]
        match = re.fullmatch(
            r"(Create|Describe|Stop|List)(Training|Processing|Transform)Jobs?",
            operation)
        if match:
            verb, kind = match.groups()
            return getattr(self, "_" + verb.lower())(kind, request)
        method = getattr(self, "_" + re.sub(
            r"(?<!^)(?=[A-Z])", "_", operation).lower(), None)
        if method is None:
            raise Refusal("UnknownOperationException", operation)
        return method(request)

    def _create(self, kind, request):
        key = kind + "JobName"
        name = request.get(key, "")
        if not NAME.fullmatch(name):
            raise Refusal(
                "ValidationException",
                f"1 validation error detected: Value '{name}' at '{key}' "
                "failed to satisfy constraint: Member must satisfy regular "
                "expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
        with self.lock:
            if name in self.jobs[kind]:
                raise Refusal("ResourceInUse", "Job name must be unique within "
                              "an AWS account and region, and a job with this "
                              f"name already exists ({self._job_arn(kind, name)})")
            job = KINDS[kind](self, request)
            self._check_quota(job)
            self.jobs[kind][name] = job
            self._tag(job.arn, request)
        job.start()
        return {kind + "JobArn": job.arn}

    def _job_arn(self, kind, name):
        return self.arn(kind.lower() + "-job", name)

    def _check_quota(self, job):
        limit = self.quota.get(job.instance_type)
        if limit is None:
            return
        used = sum(other.instance_count
                   for jobs in self.jobs.values() for other in jobs.values()
                   if not other.done.is_set()
                   and other.instance_type == job.instance_type)
        if used + job.instance_count > limit:
            raise Refusal(
                "ResourceLimitExceeded",
                f"The account-level service limit '{job.instance_type} for "
                f"{job.kind.lower()} job usage' is {limit} Instances, with "
                f"current utilization of {used} Instances and a request delta "
                f"of {job.instance_count} Instances. Please use AWS Service "
                "Quotas to request an increase for this quota.")

    def _tag(self, arn, request):
        self.tags[arn] = {
            tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}

    def _find(self, kind, request):
        name = request.get(kind + "JobName", "")
        job = self.jobs[kind].get(name)
        if job is None:
            raise Refusal("ValidationException", "Requested resource not found."
                          if kind == "Training" else
                          f"Could not find requested job with name: {name}")
        return job

    def _describe(self, kind, request):
        return self._find(kind, request).describe()

    def _stop(self, kind, request):
        job = self._find(kind, request)
        if job.done.is_set():
            raise Refusal(
                "ValidationException",
                "The request was rejected because the "
                f"{kind.lower()} job is in status {job.status}.")
        job.stop()

    def _list(self, kind, request):
        with self.lock:
            jobs = list(self.jobs[kind].values())
        if request.get("NameContains"):
            jobs = [j for j in jobs if request["NameContains"] in j.name]
        if request.get("StatusEquals"):
            jobs = [j for j in jobs if j.status == request["StatusEquals"]]
        jobs.sort(key=lambda j: j.created,
                  reverse=request.get("SortOrder", "Descending") == "Descending")
        start = int(request.get("NextToken") or 0)
        count = request.get("MaxResults", 10)
        answer = {kind + "JobSummaries": [
            job.summary() for job in jobs[start:start + count]]}
        if start + count < len(jobs):
            answer["NextToken"] = str(start + count)
        return answer

    def _create_model(self, request):
        name = request.get("ModelName", "")
        if name in self.models:
            raise Refusal("ValidationException", "Cannot create already "
                          f'existing model "{self.arn("model", name)}".')
        self.models[name] = request
        self._tag(self.arn("model", name), request)
        return {"ModelArn": self.arn("model", name)}

    def _describe_model(self, request):
        name = request["ModelName"]
        if name not in self.models:
            raise Refusal("ValidationException", "Could not find model "
                          f'"{self.arn("model", name)}".')
        return {**self.models[name], "ModelArn": self.arn("model", name),
                "CreationTime": time.time()}

    def _delete_model(self, request):
        self._describe_model(request)
        del self.models[request["ModelName"]]

    def _list_tags(self, request):
        tags = self.tags.get(request["ResourceArn"], {})
        return {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}

    # CloudWatch Logs.

    def _streams(self, request):
        group = request["logGroupName"]
        for kind, logs in self.logs.items():
            if group == f"/aws/sagemaker/{kind}Jobs" and logs.streams:
                return logs
        raise Refusal("ResourceNotFoundException",
                      "The specified log group does not exist.")

    def _describe_log_streams(self, request):
        logs = self._streams(request)
        prefix = request.get("logStreamNamePrefix", "")
        with logs.lock:
            names = sorted(n for n in logs.streams if n.startswith(prefix))
        start = int(request.get("nextToken") or 0)
        count = request.get("limit", 50)
        answer = {"logStreams": [
            {"logStreamName": name} for name in names[start:start + count]]}
        if start + count < len(names):
            answer["nextToken"] = str(start + count)
        return answer

    def _get_log_events(self, request):
        logs = self._streams(request)
        with logs.lock:
            events = list(logs.streams.get(request["logStreamName"]) or [])
            if request["logStreamName"] not in logs.streams:
                raise Refusal("ResourceNotFoundException",
                              "The specified log stream does not exist.")
        token = request.get("nextToken")
        start_time = request.get("startTime", 0)
        events = [e for e in events if e[0] >= start_time]
        start = int(token[2:]) if token else 0
        count = min(request.get("limit", 10000), self.log_page)
        if self.empty_first_page and not token:
            count = 0
        page = events[start:start + count]
        return {"events": [{"timestamp": at, "message": text,
                            "ingestionTime": at} for at, text in page],
                "nextForwardToken": f"f/{start + len(page)}",
                "nextBackwardToken": f"b/{start}"}

    def _delete_log_stream(self, request):
        logs = self._streams(request)
        with logs.lock:
            if logs.streams.pop(request["logStreamName"], None) is None:
                raise Refusal("ResourceNotFoundException",
                              "The specified log stream does not exist.")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_):
        pass

    def _check_signature(self):
        signed = self.headers.get("Authorization", "")
        scope = re.search(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/", signed)
        if not scope:
            raise Refusal("MissingAuthenticationTokenException",
                          "Missing Authentication Token", 403)
        if self.headers.get("X-Amz-Security-Token") == "expired":
            raise Refusal("ExpiredTokenException", "The security token "
                          "included in the request is expired")
        if scope.group(1) != self.fake.region:
            raise Refusal(
                "InvalidSignatureException", "Credential should be scoped to a "
                f"valid region, not '{scope.group(1)}'. ", 403)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = 200, None
        try:
            self._check_signature()
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            answer = self.fake.answer(operation, json.loads(body or b"{}"))
        except Refusal as refusal:
            status = refusal.status
            answer = {"__type": refusal.code, "message": refusal.message}
        text = json.dumps(answer).encode() if answer is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-amzn-RequestId", "fake")
        self.end_headers()
        self.wfile.write(text)


def main():
    port = int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0
    containers = {}
    for word in sys.argv[2:]:
        image, equals, program = word.partition("=")
        if equals:
            containers[image] = shlex.split(program)
    fake = FakeSageMaker(sys.argv[1], containers).start(port)
    print(fake.endpoint, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
