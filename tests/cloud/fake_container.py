"""Containers of the fake control plane: processes that find the contract's
files under a folder of their own instead of /opt/ml (SAGEMAKER_BASE_DIR).
"""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time


def host_names(count):
    """Names that resolve on this host: one is never looked up."""
    if count == 1:
        return ["algo-1"]
    return [f"127.0.0.{i + 1}" for i in range(count)]


class LogStreams:
    """Streams of one log group: lists of (milliseconds, line)."""

    def __init__(self):
        self.streams = {}
        self.lock = threading.Lock()

    def add(self, stream, line):
        with self.lock:
            self.streams.setdefault(stream, []).append(
                (int(time.time() * 1000), line))


class Container:
    """One process, whose output goes to a log stream line by line."""

    def __init__(self, words, base, environment, logs, stream):
        base = pathlib.Path(base)
        for folder in ("model", "output/data", "tmp"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        merged = dict(os.environ)
        # What surrounds the test is not in the container.
        for name in ("TRAINING_JOB_NAME", "RANK", "WORLD_SIZE"):
            merged.pop(name, None)
        merged.update(environment)
        merged.setdefault("SAGEMAKER_BASE_DIR", str(base))
        merged["TMPDIR"] = str(base / "tmp")
        self.process = subprocess.Popen(
            [str(word) for word in words], env=merged, cwd=base,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True)
        self.reader = threading.Thread(
            target=self._read, args=(logs, stream), daemon=True)
        self.reader.start()

    def _read(self, logs, stream):
        for line in self.process.stdout:
            logs.add(stream, line.rstrip("\n"))

    def poll(self):
        return self.process.poll()

    def terminate(self):
        """The equivalent of docker's stop: only the first process is told."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self):
        """The container's end takes all of its processes."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self):
        self.kill()
        self.process.wait()
        self.reader.join(timeout=10)
        self.process.stdout.close()


def write_training_config(base, job, host, hosts):
    """input/config of one host, as the platform writes it."""
    config = pathlib.Path(base) / "input" / "config"
    config.mkdir(parents=True, exist_ok=True)
    resources = job["ResourceConfig"]
    instance = resources.get("InstanceType", "local")
    group = "homogeneousCluster"
    (config / "hyperparameters.json").write_text(
        json.dumps(job.get("HyperParameters") or {}))
    (config / "resourceconfig.json").write_text(json.dumps({
        "current_host": host, "current_instance_type": instance,
        "current_group_name": group, "hosts": sorted(hosts),
        "instance_groups": [{
            "instance_group_name": group, "instance_type": instance,
            "hosts": sorted(hosts)}],
        "network_interface_name": "lo"}))
    default_mode = job["AlgorithmSpecification"].get(
        "TrainingInputMode", "File")
    channels = {}
    for channel in job.get("InputDataConfig") or []:
        source = channel["DataSource"]["S3DataSource"]
        channels[channel["ChannelName"]] = {
            "TrainingInputMode": channel.get("InputMode", default_mode),
            "S3DistributionType": source.get(
                "S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None")}
    (config / "inputdataconfig.json").write_text(json.dumps(channels))


def feed_pipe(s3, uri, folder):
    """A channel in Pipe mode: the bytes of its objects, one after another,
    through the FIFO of the first epoch, once somebody reads it."""
    pipe = pathlib.Path(f"{folder}_0")
    pipe.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(pipe)
    bucket = uri[len("s3://"):].partition("/")[0]

    def write():
        try:
            with pipe.open("wb") as stream:
                for key in sorted(s3.list(uri)):
                    stream.write(s3.get(f"s3://{bucket}/{key}"))
        except BrokenPipeError:  # the container has read enough
            pass

    threading.Thread(target=write, daemon=True).start()


def failure_of(base, status):
    """FailureReason as the service words it."""
    path = pathlib.Path(base) / "output" / "failure"
    text = path.read_text(errors="replace")[:1024] if path.exists() else ""
    code = status if status >= 0 else 128 - status
    reason = f"AlgorithmError: {text}" if text else "AlgorithmError: "
    return f"{reason}, exit code: {code}"[:1024]
