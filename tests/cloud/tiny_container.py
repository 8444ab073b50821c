#!/usr/bin/env python3
"""A container of the tests: trains nothing, in a second. Its hyperparameters
say how it ends.

    tiny_container.py train|serve
"""
import http.server
import json
import os
import pathlib
import signal
import sys
import time

BASE = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
is_stopped = False


def stop(*_):
    global is_stopped
    is_stopped = True


def train():
    signal.signal(signal.SIGTERM, stop)
    config = BASE / "input" / "config"
    hyper = {}
    for key, value in json.loads(
            (config / "hyperparameters.json").read_text()).items():
        try:
            hyper[key] = json.loads(value)
        except ValueError:
            hyper[key] = value
    host = json.loads((config / "resourceconfig.json").read_text())[
        "current_host"]
    channels = json.loads((config / "inputdataconfig.json").read_text())
    for name in sorted(channels):
        files = [p for p in (BASE / "input" / "data" / name).rglob("*")
                 if p.is_file()]
        print(f"channel {name}: {len(files)} files", flush=True)
    checkpoint = BASE / "checkpoints" / "step.txt"
    first = int(checkpoint.read_text()) if checkpoint.exists() else 0
    print(f"{host} goes on from step {first}", flush=True)
    steps = int(hyper.get("steps", 3))
    for step in range(first + 1, steps + 1):
        if is_stopped:
            break
        print(f"train_loss={8.0 / step:.4f} step={step}", flush=True)
        if host in ("algo-1", "127.0.0.1") and checkpoint.parent.exists():
            temporary = checkpoint.parent / ".step"
            temporary.write_text(str(step))
            temporary.rename(checkpoint)
        time.sleep(float(hyper.get("pause", 0)))
    if "fail" in hyper:
        (BASE / "output" / "failure").write_text(hyper["fail"])
        return 2
    (BASE / "model" / "weights.txt").write_text("weights")
    (BASE / "output" / "data" / "report.txt").write_text("report")
    return 0


class Answers(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"bad":
            self.answer(400, b"not an image")
        else:
            self.answer(200, json.dumps({"bytes": len(body)}).encode())


def serve():
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Answers)
    print("serving", sorted(p.name for p in (BASE / "model").iterdir()),
          flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(train() if sys.argv[-1] == "train" else serve())
