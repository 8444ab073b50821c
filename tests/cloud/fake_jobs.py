"""Life cycles of the fake control plane's jobs: one thread a job, from Pending
to its end."""
import io
import json
import pathlib
import socket
import tarfile
import threading
import time
import urllib.error
import urllib.request

from fake_container import (
    Container, failure_of, feed_pipe, host_names, write_training_config)
from fake_s3 import CheckpointSync, split_uri

BASE = "/opt/ml"


class JobFailure(Exception):
    """Ends the job as Failed; the text is its FailureReason."""


def pack(folders):
    """A tar.gz of several trees, merged."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for folder in folders:
            for path in sorted(pathlib.Path(folder).rglob("*")):
                if path.is_file():
                    archive.add(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()


class Job:
    kind = ""

    def __init__(self, fake, request):
        self.fake, self.request = fake, request
        self.name = request[self.kind + "JobName"]
        self.arn = fake.arn(self.kind.lower() + "-job", self.name)
        self.created = self.modified = time.time()
        self.started = self.ended = None
        self.status, self.secondary = "InProgress", "Starting"
        self.transitions = []
        self.failure = None
        self.done, self.stopping = threading.Event(), threading.Event()
        self.containers = []
        self._enter("Starting", "Preparing the instances for the job")
        self.thread = threading.Thread(target=self._life, daemon=True)

    @property
    def resources(self):
        return self.request["ResourceConfig"]

    @property
    def instance_type(self):
        return self.resources.get("InstanceType", "")

    @property
    def instance_count(self):
        return self.resources.get("InstanceCount", 1)

    def start(self):
        self.thread.start()

    def stop(self):
        self.status = "Stopping"
        self._enter("Stopping", "Stopping the job")
        self.stopping.set()

    def abandon(self):
        self.stopping.set()
        for container in self.containers:
            container.kill()
        if self.thread.ident is not None:
            self.thread.join(timeout=20)

    def _enter(self, secondary, message):
        now = time.time()
        if self.transitions:
            self.transitions[-1].setdefault("EndTime", now)
        self.secondary, self.modified = secondary, now
        self.transitions.append({"Status": secondary, "StartTime": now,
                                 "StatusMessage": message})

    def _life(self):
        try:
            if self.stopping.wait(self.fake.queue_s):
                self._end("Stopped", "Stopped before it started")
                return
            if self.instance_type in self.fake.no_capacity:
                raise JobFailure(
                    "CapacityError: Unable to provision requested ML compute "
                    "capacity. Please retry using a different ML instance type.")
            self.started = time.time()
            self._run()
        except JobFailure as failure:
            self.failure = str(failure)
            self._end("Failed", "Job failed")
        except Exception as error:  # an end that tests see, not a hang
            self.failure = f"InternalServerError: {error!r}"
            self._end("Failed", "Job failed")

    def _end(self, status, message):
        self.ended = time.time()
        self._enter(status, message)
        self.status = status if status in ("Failed", "Stopped") else (
            "Stopped" if self.stopping.is_set() else "Completed")
        self.transitions[-1]["EndTime"] = self.ended
        self.done.set()

    def _program(self, image):
        if image not in self.fake.containers:
            raise JobFailure(
                f"ClientError: Cannot find image {image}. Please ensure that "
                "the image exists and that the role may pull it, exit code: 1")
        return list(self.fake.containers[image])

    def _add(self, words, base, environment, host):
        stream = f"{self.name}/{host}-{int(time.time())}"
        container = Container(
            words, base, {**self.fake.environment, **environment},
            self.fake.logs[self.kind], stream)
        self.containers.append(container)
        return container

    def _end_containers(self, containers):
        """SIGTERM, SIGKILL after the grace; the exit statuses."""
        for container in containers:
            container.terminate()
        deadline = time.monotonic() + self.fake.grace_s
        while (any(c.poll() is None for c in containers)
               and time.monotonic() < deadline):
            time.sleep(0.02)
        for container in containers:
            container.close()

    def _echo(self):
        answer = {k: v for k, v in self.request.items() if k != "Tags"}
        answer.update({
            self.kind + "JobArn": self.arn,
            self.kind + "JobStatus": self.status,
            "CreationTime": self.created, "LastModifiedTime": self.modified})
        if self.failure:
            answer["FailureReason"] = self.failure[:1024]
        return answer

    def summary(self):
        answer = {self.kind + "JobName": self.name,
                  self.kind + "JobArn": self.arn, "CreationTime": self.created,
                  "LastModifiedTime": self.modified,
                  self.kind + "JobStatus": self.status}
        if self.ended:
            answer[self.kind + "EndTime"] = self.ended
        return answer


class TrainingJob(Job):
    kind = "Training"

    def __init__(self, fake, request):
        super().__init__(fake, request)
        self.interruption = threading.Event()
        self.num_interruptions = 0
        self.metrics = []
        self.trained_s = 0.0

    def interrupt(self):
        self.interruption.set()

    def _outcome(self, bases, containers, sync):
        """What ended the containers: done, stopped, interrupted, too long."""
        limit = self.request.get("StoppingCondition", {}).get(
            "MaxRuntimeInSeconds", 86400)
        next_push = time.monotonic() + self.fake.sync_s
        deadline = time.monotonic() + limit
        while True:
            codes = [container.poll() for container in containers]
            for code, base in zip(codes, bases):
                if code not in (None, 0):
                    self._end_containers(containers)
                    raise JobFailure(failure_of(base, code))
            if all(code == 0 for code in codes):
                return "done"
            if self.stopping.is_set():
                return "stopped"
            if self.interruption.is_set():
                return "interrupted"
            if time.monotonic() > deadline:
                return "too long"
            if sync and time.monotonic() > next_push:
                sync.push()
                next_push = time.monotonic() + self.fake.sync_s
            time.sleep(0.02)

    def _prepare(self, hosts):
        bases = []
        for host in hosts:
            base = self.fake.new_folder(f"{self.name}-{host}")
            write_training_config(base, self.request, host, hosts)
            for channel in self.request.get("InputDataConfig") or []:
                source = channel["DataSource"]["S3DataSource"]
                uri = source["S3Uri"]
                folder = base / "input" / "data" / channel["ChannelName"]
                if not self.fake.s3.list(uri):
                    raise JobFailure(
                        "ClientError: Data download failed: S3 key: "
                        f"{uri} has no matching objects.")
                mode = channel.get("InputMode", self.request[
                    "AlgorithmSpecification"].get("TrainingInputMode"))
                if mode == "Pipe":
                    feed_pipe(self.fake.s3, uri, folder)
                else:
                    self.fake.s3.download(uri, folder)
            bases.append(base)
        return bases

    def _words(self):
        algorithm = self.request["AlgorithmSpecification"]
        program = self._program(algorithm.get("TrainingImage", ""))
        entry = algorithm.get("ContainerEntrypoint")
        arguments = algorithm.get("ContainerArguments")
        return (entry or program) + (arguments or ([] if entry else ["train"]))

    def _run_once(self, hosts):
        self._enter("Downloading", "Downloading input data")
        bases = self._prepare(hosts)
        checkpoint = self.request.get("CheckpointConfig")
        sync = None
        local = (checkpoint or {}).get("LocalPath", BASE + "/checkpoints")
        for base in bases:
            folder = base / local[len(BASE) + 1:]
            folder.mkdir(parents=True, exist_ok=True)
            if checkpoint:
                one = CheckpointSync(self.fake.s3, folder, checkpoint["S3Uri"])
                one.restore()
                sync = sync or one  # the first host's: only it writes
        self._enter("Training", "Training image download completed. Training "
                    "in progress.")
        words = self._words()
        begin = time.time()
        containers = [self._add(words, base, {
            "TRAINING_JOB_NAME": self.name, "TRAINING_JOB_ARN": self.arn,
            "AWS_REGION": self.fake.region,
            **(self.request.get("Environment") or {})}, host)
            for base, host in zip(bases, hosts)]
        try:
            outcome = self._outcome(bases, containers, sync)
        finally:
            self._end_containers(containers)
            self.trained_s += time.time() - begin
            if sync:
                sync.push()
        return outcome, bases

    def _upload(self, bases):
        self._enter("Uploading", "Uploading generated training model")
        output = self.request["OutputDataConfig"]
        root = f"{output['S3OutputPath'].rstrip('/')}/{self.name}/output"
        if output.get("CompressionType") == "NONE":
            for base in bases:
                self.fake.s3.upload(base / "model", root + "/model")
                self.fake.s3.upload(base / "output/data", root + "/data")
            return
        self.fake.s3.put(root + "/model.tar.gz",
                         pack(base / "model" for base in bases))
        data = [base / "output" / "data" for base in bases]
        if any(path.is_file() for one in data for path in one.rglob("*")):
            self.fake.s3.put(root + "/output.tar.gz", pack(data))

    def _run(self):
        hosts = host_names(self.instance_count)
        while True:
            outcome, bases = self._run_once(hosts)
            if outcome != "interrupted":
                break
            self.interruption.clear()
            self.num_interruptions += 1
            self._enter("Interrupted", "Instances were interrupted by EC2")
            if not self.request.get("EnableManagedSpotTraining"):
                raise JobFailure("InternalServerError: an instance was lost")
            if self.stopping.wait(self.fake.queue_s):
                break
            self._enter("Starting", "Preparing the instances for the job")
        self._upload(bases)
        if outcome == "too long":
            self.failure = None
            self._end("Stopped", "Training job runtime exceeded the maximum")
            self.secondary = "MaxRuntimeExceeded"
        else:
            stopped = self.stopping.is_set()
            self._end("Stopped" if stopped else "Completed",
                      "Training job stopped" if stopped
                      else "Training job completed")

    def summary(self):
        return {**super().summary(), "SecondaryStatus": self.secondary}

    def describe(self):
        answer = self._echo()
        output = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        suffix = ("model/" if self.request["OutputDataConfig"].get(
            "CompressionType") == "NONE" else "model.tar.gz")
        answer.update({
            "SecondaryStatus": self.secondary,
            "SecondaryStatusTransitions": list(self.transitions),
            "ModelArtifacts": {
                "S3ModelArtifacts": f"{output}/{self.name}/output/{suffix}"
                if self.status in ("Completed", "Stopped") else ""}})
        if self.started:
            answer["TrainingStartTime"] = self.started
            answer["TrainingTimeInSeconds"] = int(self.trained_s)
            answer["BillableTimeInSeconds"] = int(
                self.trained_s * (0.3 if self.request.get(
                    "EnableManagedSpotTraining") else 1))
        if self.ended:
            answer["TrainingEndTime"] = self.ended
        return answer


class ProcessingJob(Job):
    kind = "Processing"

    @property
    def resources(self):
        return self.request["ProcessingResources"]["ClusterConfig"]

    def _run(self):
        base = self.fake.new_folder(self.name)

        def inside(text):
            return str(text).replace(BASE, str(base))

        for one in self.request.get("ProcessingInputs") or []:
            uri = one["S3Input"]["S3Uri"]
            if not self.fake.s3.list(uri):
                raise JobFailure(f"ClientError: Failed to download data. "
                                 f"{uri} has no matching objects.")
            self.fake.s3.download(uri, inside(one["S3Input"]["LocalPath"]))
        outputs = self.request.get("ProcessingOutputConfig", {}).get(
            "Outputs", [])
        for one in outputs:
            pathlib.Path(inside(one["S3Output"]["LocalPath"])).mkdir(
                parents=True, exist_ok=True)
        app = self.request["AppSpecification"]
        program = self._program(app["ImageUri"])
        entry = app.get("ContainerEntrypoint")
        if entry and entry[0] == "nadir":  # in the image's PATH
            entry = program + entry[1:]
        words = (entry or program) + (app.get("ContainerArguments") or [])
        environment = {k: inside(v) for k, v in
                       (self.request.get("Environment") or {}).items()}
        container = self._add([inside(w) for w in words], base, {
            "AWS_REGION": self.fake.region,
            "PROCESSING_JOB_NAME": self.name, **environment}, "algo-1")
        while container.poll() is None and not self.stopping.is_set():
            time.sleep(0.02)
        self._end_containers([container])
        status = container.process.returncode
        for one in outputs:
            self.fake.s3.upload(inside(one["S3Output"]["LocalPath"]),
                                one["S3Output"]["S3Uri"])
        if status != 0 and not self.stopping.is_set():
            raise JobFailure(failure_of(base / "processing", status))
        self._end("Stopped" if self.stopping.is_set() else "Completed", "")

    def describe(self):
        answer = self._echo()
        if self.started:
            answer["ProcessingStartTime"] = self.started
        if self.ended:
            answer["ProcessingEndTime"] = self.ended
        return answer


class TransformJob(Job):
    kind = "Transform"

    @property
    def resources(self):
        return self.request["TransformResources"]

    def _serve(self, model, base):
        container = model["PrimaryContainer"]
        if container.get("ModelDataUrl"):
            archive = self.fake.s3.get(container["ModelDataUrl"])
            (base / "model").mkdir(parents=True, exist_ok=True)
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(base / "model")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            "SAGEMAKER_BIND_TO_PORT": str(port), "SAGEMAKER_BATCH": "true",
            "AWS_REGION": self.fake.region,
            **(container.get("Environment") or {}),
            **(self.request.get("Environment") or {})}
        for key, name in (("MaxPayloadInMB", "SAGEMAKER_MAX_PAYLOAD_IN_MB"),
                          ("MaxConcurrentTransforms",
                           "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS")):
            if key in self.request:
                environment[name] = str(self.request[key])
        words = self._program(container["Image"]) + ["serve"]
        server = self._add(words, base, environment, "algo-1")
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(address + "/ping", timeout=2).read()
                return server, address
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    self._end_containers([server])
                    raise JobFailure("AlgorithmError: the container does not "
                                     "answer /ping, see job logs") from None
                time.sleep(0.05)

    def _post(self, address, body):
        source = self.request["TransformInput"]
        headers = {"Content-Type": source.get(
            "ContentType", "application/octet-stream")}
        if self.request["TransformOutput"].get("Accept"):
            headers["Accept"] = self.request["TransformOutput"]["Accept"]
        return urllib.request.urlopen(urllib.request.Request(
            address + "/invocations", data=body, headers=headers),
            timeout=60).read()

    def _transform(self, address, body):
        split = self.request["TransformInput"].get("SplitType", "None")
        if split != "Line" or self.request.get("BatchStrategy") != "SingleRecord":
            return self._post(address, body)
        return b"\n".join(self._post(address, line).rstrip(b"\n")
                          for line in body.splitlines() if line) + b"\n"

    def _run(self):
        model = self.fake.models.get(self.request["ModelName"])
        if model is None:
            raise JobFailure("ClientError: the model does not exist")
        base = self.fake.new_folder(self.name)
        server, address = self._serve(model, base)
        uri = self.request["TransformInput"]["DataSource"]["S3DataSource"][
            "S3Uri"]
        bucket, prefix = split_uri(uri)
        output = self.request["TransformOutput"]["S3OutputPath"].rstrip("/")
        failed = 0
        for key in self.fake.s3.list(uri):
            if self.stopping.is_set():
                break
            name = key[len(prefix):].lstrip("/") or key.rpartition("/")[2]
            try:
                out = self._transform(
                    address, self.fake.s3.get(f"s3://{bucket}/{key}"))
            except urllib.error.HTTPError as error:
                self.fake.logs[self.kind].add(
                    f"{self.name}/data-log", f"{key}: {error.code}: "
                    + json.dumps(error.read().decode(errors="replace")[:500]))
                failed += 1
                continue
            self.fake.s3.put(f"{output}/{name}.out", out)
        self._end_containers([server])
        if failed:
            raise JobFailure(f"AlgorithmError: {failed} objects failed, see "
                             "job logs for more information")
        self._end("Stopped" if self.stopping.is_set() else "Completed", "")

    def describe(self):
        answer = self._echo()
        if self.started:
            answer["TransformStartTime"] = self.started
        if self.ended:
            answer["TransformEndTime"] = self.ended
        return answer
