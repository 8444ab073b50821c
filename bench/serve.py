#!/usr/bin/env python3
"""Serves images beside `nadir embed` on the same ones, by turns.

    serve.py PROGRAM WEIGHTS IMAGES [--rounds N] [--images N] [--batch-size N]

IMAGES is a flat folder of JPEG or PNG files. Prints

- throughput: images a second of `nadir embed` (of the images behind the first
  batch: start and loading are left out), and of `nadir serve` where four clients send
  32 images a request as JSON lines, and where 64 clients send one image each; and the
  processor time of an image, which others on the machine disturb less;
- latency: median and 99th percentile of single images from 1, 8 and 64 clients.
"""
import argparse
import base64
import http.client
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time


class Server:
    def __init__(self, arguments):
        self.process = subprocess.Popen(
            [arguments.program, "serve", "--weights", arguments.weights, "--port", "0",
             "--json", "--max-payload-mb", "64", "--max-in-flight", "256",
             "--batch-size", str(arguments.batch_size)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        text = ""
        while not text.endswith("\n}\n"):
            text += self.process.stdout.readline().decode()
        self.port = int(json.loads(text)["url"].rsplit(":", 1)[1])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def run_clients(port, bodies, content_type, num_clients):
    """Seconds for all bodies, and those of each request."""
    times = []
    waiting = list(reversed(bodies))
    lock = threading.Lock()

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        while True:
            with lock:
                if not waiting:
                    break
                body = waiting.pop()
            begun = time.perf_counter()
            connection.request("POST", "/invocations", body,
                               {"Content-Type": content_type,
                                "Accept": "application/x-npy"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                sys.exit(f"status {response.status}")
            times.append(time.perf_counter() - begun)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(num_clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, times


def embed_seconds(arguments, folder, num_images):
    """Of the clock and of the processors."""
    begun = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [arguments.program, "embed", "--weights", arguments.weights, "--data",
         arguments.images_folder, "--max-images", str(num_images), "--batch-size",
         str(arguments.batch_size), "--out", str(folder / "e.npy")],
        check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.perf_counter() - begun,
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("weights")
    parser.add_argument("images_folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=32)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    files = sorted(p for p in pathlib.Path(arguments.images_folder).iterdir()
                   if p.suffix in (".jpg", ".png"))[:arguments.images]
    kind = "image/png" if files[0].suffix == ".png" else "image/jpeg"
    pictures = [path.read_bytes() for path in files]
    lines = [json.dumps({"content_type": kind,
                         "data": base64.b64encode(picture).decode()})
             for picture in pictures]
    jobs = ["\n".join(lines[i:i + 32]) for i in range(0, len(lines), 32)]
    first = arguments.batch_size
    rates = {"embed": [], "lines": [], "single": []}
    costs = {"embed": [], "lines": [], "single": []}
    server = Server(arguments)
    run_clients(server.port, jobs[:1], "application/jsonlines", 1)
    for _ in range(arguments.rounds):
        whole = embed_seconds(arguments, folder, len(files))
        start = embed_seconds(arguments, folder, first)
        rates["embed"].append((len(files) - first) / (whole[0] - start[0]))
        costs["embed"].append((whole[1] - start[1]) / (len(files) - first))
        for name, bodies, content_type, num_clients in [
                ("lines", jobs, "application/jsonlines", 4),
                ("single", pictures, kind, 64)]:
            before = server.cpu_seconds()
            seconds, _ = run_clients(server.port, bodies, content_type, num_clients)
            rates[name].append(len(files) / seconds)
            costs[name].append((server.cpu_seconds() - before) / len(files))
        print({name: round(values[-1], 2) for name, values in rates.items()},
              {name: round(values[-1], 4) for name, values in costs.items()},
              flush=True)
    for name, values in rates.items():
        ratios = [a / b for a, b in zip(values, rates["embed"])]
        print(f"{name}: median {statistics.median(values):.2f} images/s "
              f"({min(values):.2f} to {max(values):.2f}), over embed "
              f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to "
              f"{max(ratios):.3f}); {1e3 * statistics.median(costs[name]):.1f} ms of "
              f"processor time an image")
    for num_clients in (1, 8, 64):
        _, times = run_clients(server.port, pictures, kind, num_clients)
        print(f"{num_clients} clients: p50 {1e3 * quantile(times, .5):.0f} ms, "
              f"p99 {1e3 * quantile(times, .99):.0f} ms, "
              f"{len(times)} requests")
    server.stop()


if __name__ == "__main__":
    main()
