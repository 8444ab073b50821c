#!/usr/bin/env python3
"""The built server as a process: the numbers of `nadir predict` and `nadir embed`,
whatever the format; clients at once; signals; hostile clients; a container's start.

    serve_test.py PROGRAM
"""
import base64
import csv
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

BANDS = ["B04", "B03", "B02"]
NUM_PATCHES = 48
RECIPE = """[data]
data_path = "{data}"
bands = ["B04", "B03", "B02"]
split = "all"
max_images = 24

[views]
global_crop_size = 32
local_crop_size = 16
local_crops_number = 2

[model]
arch = "vit_nano"

[head]
out_dim = 64
head_hidden_dim = 64
head_bottleneck_dim = 32

[optim]
epochs = 1
batch_size_per_gpu = 8
warmup_epochs = 0

[run]
knn_every_epochs = 0
num_workers = 1
num_threads = 1
"""
# Of probabilities and embeddings: a batch of other images sums in another order.
TOLERANCE = 2e-5


def read_npy(data):
    """The rows of a float32 matrix."""
    length = struct.unpack("<H", data[8:10])[0]
    shape = eval(data[10:10 + length].split(b"'shape':")[1].split(b")")[0] + b")")
    values = struct.unpack(f"<{shape[0] * shape[1]}f", data[10 + length:])
    return [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]


def npy(values, shape, descr):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) +
            header.encode() + values)


def read_band(path):
    """Pixels, height and width of a one-band strip TIFF."""
    data = path.read_bytes()
    start, = struct.unpack("<I", data[4:8])
    count, = struct.unpack("<H", data[start:start + 2])
    tags = {}
    for i in range(count):
        at = start + 2 + 12 * i
        tag, kind, num = struct.unpack("<HHI", data[at:at + 8])
        size = {3: 2, 4: 4}.get(kind)
        if size is None:
            continue
        place = at + 8
        if num * size > 4:
            place, = struct.unpack("<I", data[at + 8:at + 12])
        tags[tag] = struct.unpack(f"<{num}{'H' if kind == 3 else 'I'}",
                                  data[place:place + num * size])
    pixels = b"".join(data[offset:offset + size]
                      for offset, size in zip(tags[273], tags[279]))
    return pixels, tags[257][0], tags[256][0]


def tiff(planes, height, width, names=None):
    """A multi-band TIFF of uint16 in separate planes, with GDAL's names of bands."""
    description = "<GDALMetadata>" + "".join(
        f'<Item name="DESCRIPTION" sample="{i}" role="description">{name}</Item>'
        for i, name in enumerate(names or [])) + "</GDALMetadata>\0"
    num = len(planes)
    fields = [(256, 3, [width]), (257, 3, [height]), (258, 3, [16] * num),
              (259, 3, [1]), (262, 3, [1]), (273, 4, None), (277, 3, [num]),
              (278, 3, [height]), (279, 4, [len(planes[0])] * num),
              (284, 3, [2]), (338, 3, [0] * (num - 1)), (339, 3, [1] * num)]
    if names:
        fields.append((42112, 2, description))
    where = 8 + 2 + 12 * len(fields) + 4
    extra = b""
    entries = b""
    pixels_at = where + 1024 + len(description)
    for tag, kind, values in fields:
        if tag == 273:
            values = [pixels_at + i * len(planes[0]) for i in range(num)]
        if kind == 2:
            raw = values.encode()
        else:
            raw = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(raw) <= 4:
            place = raw.ljust(4, b"\0")
        else:
            place = struct.pack("<I", where + len(extra))
            extra += raw + b"\0" * (len(raw) % 2)
        entries += struct.pack("<HHI", tag, kind, len(values)) + place
    head = b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + b"\0" * 4
    return (head + extra).ljust(pixels_at, b"\0") + b"".join(planes)


def safetensors(planes, height, width, names):
    header = {name: {"dtype": "U16", "shape": [height, width],
                     "data_offsets": [i * len(planes[0]), (i + 1) * len(planes[0])]}
              for i, name in enumerate(names)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(planes)


def png(width, height, rows=None):
    """8-bit colour; without rows a picture that claims them only."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows or b"\0" * 1000)) + chunk(b"IEND", b""))


class Server:
    """`nadir serve` on a free port."""

    def __init__(self, program, *flags, env=None):
        self.process = subprocess.Popen(
            [program, "serve", "--json", *map(str, flags)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})})
        text = ""
        while not text.endswith("\n}\n"):
            line = self.process.stdout.readline().decode()
            if not line:
                raise RuntimeError(f"nadir serve ended: {self.process.wait()}")
            text += line
        self.info = json.loads(text)
        self.port = int(self.info["url"].rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def connect(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def get(self, path):
        return self.ask("GET", path)

    def post(self, body, content_type, **headers):
        return self.ask("POST", "/invocations", body,
                        {"Content-Type": content_type, **headers})

    def ask(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def raw(self, data, patience=5.0):
        """What comes back for any bytes."""
        with socket.create_connection(("127.0.0.1", self.port), patience) as raw:
            try:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                answer = b""
                while part := raw.recv(65536):
                    answer += part
            except (ConnectionError, socket.timeout):
                pass
            return answer

    def is_well(self):
        return self.get("/ping")[0] == 200


class World:
    """Patches, a network, a probe, and what predict and embed say of them."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.patches = folder / "world" / "BigEarthNet-v1.0"
        self.run("data", "synth", folder / "world", "--patches", NUM_PATCHES,
                 "--seed", 3)
        self.run("data", "index", self.patches, "--lists", folder / "world/lists",
                 "--keep-discouraged", "--out", folder / "index.parquet")
        self.run("data", "pack", self.patches, "--index", folder / "index.parquet",
                 "--out", folder / "packed")
        recipe = folder / "recipe.toml"
        recipe.write_text(RECIPE.format(data=folder / "packed"))
        self.trained = folder / "run"
        self.run("pretrain", "--recipe", recipe, "--out", self.trained)
        self.run("eval", "linear", "--weights", self.trained, "--data",
                 folder / "packed", "--epochs", 2, "--lr", 1, "--bootstrap", 0,
                 "--num-workers", 1)
        self.probe = self.trained / "eval" / "linear"
        self.run("predict", "--probe", self.probe, "--data", folder / "packed",
                 "--out", folder / "p.csv", "--num-workers", 1)
        self.run("embed", "--weights", self.trained, "--data", folder / "packed",
                 "--out", folder / "e.npy", "--num-workers", 1)
        with open(folder / "p.csv", newline="") as file:
            rows = list(csv.reader(file))
        self.classes = rows[0][2:]
        self.names = [row[0] for row in rows[1:]]
        self.labels = [row[1].split("|") if row[1] else [] for row in rows[1:]]
        self.probabilities = [list(map(float, row[2:])) for row in rows[1:]]
        self.embeddings = read_npy((folder / "e.npy").read_bytes())

    def run(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr.decode()}")

    def bands(self, i, names=BANDS):
        """Planes, height and width of a patch's bands."""
        folder = self.patches / self.names[i]
        read = [read_band(folder / f"{self.names[i]}_{band}.tif") for band in names]
        return [pixels for pixels, _, _ in read], read[0][1], read[0][2]

    def line(self, i):
        planes, height, width = self.bands(i)
        return json.dumps({
            "content_type": "application/x-npy",
            "data": base64.b64encode(
                npy(b"".join(planes), (3, height, width), "<u2")).decode()}) + "\n"


class ServeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.world = World(PROGRAM, pathlib.Path(cls.temporary.name))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def serve(self, *flags, env=None):
        return Server(PROGRAM, "--port", 0, *flags, env=env)

    def check_row(self, i, prediction):
        """Against what predict and embed wrote of image i."""
        world = self.world
        self.assertEqual(prediction["labels"], world.labels[i])
        self.assertEqual(list(prediction["probabilities"]), world.classes)
        self.check_numbers(prediction["probabilities"].values(),
                           world.probabilities[i])
        if "embedding" in prediction:
            self.check_numbers(prediction["embedding"], world.embeddings[i])

    def check_numbers(self, got, wanted):
        got, wanted = list(got), list(wanted)
        self.assertEqual(len(got), len(wanted))
        worst = max(abs(a - b) for a, b in zip(got, wanted))
        self.assertLessEqual(worst, TOLERANCE)

    def test_every_format_gives_what_predict_and_embed_give(self):
        world = self.world
        planes, height, width = world.bands(5)
        joined = b"".join(planes)
        bodies = [
            ("application/x-npy", npy(joined, (3, height, width), "<u2")),
            ("application/x-npy", npy(
                struct.pack(f"<{3 * height * width}f", *struct.unpack(
                    f"<{3 * height * width}H", joined)),
                (1, 3, height, width), "<f4")),
            ("application/x-safetensors", safetensors(
                *world.bands(5, ["B08", "B02", "B03", "B04"]),
                ["B08", "B02", "B03", "B04"])),
            ("image/tiff", tiff(planes, height, width)),
            # Named bands may stand in any order.
            ("image/tiff", tiff(planes[::-1], height, width, BANDS[::-1])),
            ("image/tiff", tiff(
                *world.bands(5, ["B02", "B08", "B04", "B03"]),
                ["B02", "B08", "B04", "B03"])),
            ("application/json", json.dumps({"instances": [
                {"patch": world.names[5]}]})),
            ("application/json", json.dumps({"instances": [
                json.loads(world.line(5))]})),
        ]
        with self.serve("--probe", world.probe, "--outputs", "labels,embedding",
                        "--allow-paths", world.patches) as server:
            for content_type, body in bodies:
                status, answer = server.post(body, content_type)
                self.assertEqual(status, 200, answer)
                answer = json.loads(answer)
                self.assertEqual(list(answer["thresholds"]), world.classes)
                self.assertEqual(len(answer["predictions"]), 1)
                self.check_row(5, answer["predictions"][0])
            status, _ = server.post(tiff(planes, height, width,
                                         ["B04", "B03", "B05"]), "image/tiff")
            self.assertEqual(status, 400)

    def test_one_image_alone_has_the_bits_of_embed(self):
        world = self.world
        self.world.run("embed", "--weights", world.trained, "--data",
                       world.folder / "packed", "--out", world.folder / "one.npy",
                       "--batch-size", 1, "--num-workers", 1)
        wanted = read_npy((world.folder / "one.npy").read_bytes())
        with self.serve("--weights", world.trained, "--batch-size", 1) as server:
            for i in range(NUM_PATCHES // 4):
                planes, height, width = world.bands(i)
                status, answer = server.post(
                    npy(b"".join(planes), (3, height, width), "<u2"),
                    "application/x-npy", Accept="application/x-npy")
                self.assertEqual(status, 200)
                self.assertEqual(read_npy(answer)[0], wanted[i])

    def test_pictures_are_what_embed_reads_of_a_folder(self):
        folder = self.world.folder / "pictures"
        folder.mkdir()
        noise = random.Random(5)
        files = []
        for i in range(4):
            rows = b"".join(b"\0" + noise.randbytes(3 * 40) for _ in range(40))
            files.append(png(40, 40, rows))
            (folder / f"{i}.png").write_bytes(files[-1])
        weights = self.world.folder / "rgb.toml"
        weights.write_text(
            RECIPE.format(data=folder).replace('bands = ["B04", "B03", "B02"]\n', "")
            .replace("batch_size_per_gpu = 8", "batch_size_per_gpu = 2"))
        run = self.world.folder / "rgb-run"
        self.world.run("pretrain", "--recipe", weights, "--out", run)
        self.world.run("embed", "--weights", run, "--data", folder, "--out",
                       self.world.folder / "rgb.npy", "--num-workers", 1)
        wanted = read_npy((self.world.folder / "rgb.npy").read_bytes())
        with self.serve("--weights", run) as server:
            for i, file in enumerate(files):
                status, answer = server.post(file, "image/png",
                                             Accept="application/x-npy")
                self.assertEqual(status, 200, answer)
                self.check_numbers(read_npy(answer)[0], wanted[i])

    def test_a_transform_job_gets_a_line_for_a_line(self):
        world = self.world
        with self.serve("--probe", world.probe) as server:
            body = "".join(world.line(i) for i in range(NUM_PATCHES))
            status, answer = server.post(iter([body[i:i + 100_000].encode()
                                               for i in range(0, len(body), 100_000)]),
                                         "application/jsonlines")
            self.assertEqual(status, 200, answer[:200])
            lines = answer.decode().splitlines()
            self.assertEqual(len(lines), NUM_PATCHES)
            for i, line in enumerate(lines):
                self.check_row(i, json.loads(line))
            status, rows = server.post(body, "application/jsonlines",
                                       Accept="text/csv")
            self.assertEqual(status, 200)
            rows = rows.decode().splitlines()
            for i, row in enumerate(rows):
                self.check_numbers(map(float, row.split(",")),
                                   world.probabilities[i])

    def test_clients_at_once_share_batches_and_get_their_own_answers(self):
        world = self.world
        bodies = [npy(b"".join(world.bands(i)[0]), (3, 120, 120), "<u2")
                  for i in range(NUM_PATCHES)]
        faults = []
        with self.serve("--probe", world.probe, "--max-wait-ms", 20) as server:
            def client(number):
                connection = server.connect()
                for turn in range(6):
                    i = (number * 7 + turn) % NUM_PATCHES
                    connection.request("POST", "/invocations", bodies[i],
                                       {"Content-Type": "application/x-npy"})
                    response = connection.getresponse()
                    answer = response.read()
                    try:
                        self.assertEqual(response.status, 200)
                        self.check_row(i, json.loads(answer)["predictions"][0])
                    except AssertionError as fault:
                        faults.append(fault)
                connection.close()
            threads = [threading.Thread(target=client, args=(i,)) for i in range(32)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            metrics = server.get("/metrics")[1].decode()
        self.assertEqual(faults, [])
        numbers = dict(line.rsplit(" ", 1) for line in metrics.splitlines()
                       if not line.startswith("#"))
        self.assertEqual(int(numbers["nadir_images_total"]), 192)
        self.assertLess(int(numbers["nadir_batch_images_count"]), 96)

    def test_a_signal_under_load_loses_no_accepted_request(self):
        world = self.world
        body = npy(b"".join(world.bands(0)[0]), (3, 120, 120), "<u2")
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.serve("--probe", world.probe, "--max-wait-ms", 50) as server:
                results = []
                sent_before = time.monotonic() + 1.0

                def client():
                    while True:
                        connection = server.connect()
                        try:
                            connection.connect()
                            begun = time.monotonic()
                            connection.request("POST", "/invocations", body,
                                               {"Content-Type": "application/x-npy"})
                            sent = time.monotonic()
                            status = connection.getresponse().status
                            results.append((begun, sent, status))
                        except OSError as error:
                            results.append((time.monotonic(), None, repr(error)))
                        except http.client.HTTPException as error:
                            results.append((begun, sent, repr(error)))
                        finally:
                            connection.close()
                        if results[-1][2] != 200:
                            return
                threads = [threading.Thread(target=client) for _ in range(16)]
                for thread in threads:
                    thread.start()
                time.sleep(max(0, sent_before - time.monotonic()))
                signalled = time.monotonic()
                server.process.send_signal(number)
                for thread in threads:
                    thread.join()
                self.assertEqual(server.process.wait(30), 128 + number)
                served = [r for r in results if r[2] == 200]
                self.assertGreater(len(served), 16)
                # Whole requests sent well before the signal have their answer;
                # later ones were told 503 or found no server.
                for begun, sent, status in results:
                    if sent is not None and sent < signalled - 0.1:
                        self.assertEqual(status, 200)
                    elif sent is not None:
                        self.assertIn(status, (200, 503))

    def test_too_much_is_refused_and_served_again_later(self):
        world = self.world
        body = "".join(world.line(i) for i in range(NUM_PATCHES)) * 2
        with self.serve("--probe", world.probe, "--max-in-flight", 1,
                        "--max-payload-mb", 12) as server:
            statuses = []
            threads = [threading.Thread(target=lambda: statuses.append(
                server.post(body, "application/jsonlines")[0])) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(set(statuses), {200, 429})
            self.assertEqual(server.post(world.line(0), "application/jsonlines")[0],
                             200)

    def test_hostile_clients_get_4xx_and_stop_nothing(self):
        post = (b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
                b"Content-Type: image/png\r\n")
        nan = struct.pack("<f", float("nan")) * (3 * 8 * 8)
        with self.serve("--weights", self.world.trained, "--max-connections", 32,
                        ) as server:
            for text in [b"\0" * 4096, b"GET / HTTP/1.1\r\n\r\n" * 100,
                         post + b"Content-Length: 99999999999\r\n\r\n",
                         post + b"Content-Length: 1e9\r\n\r\n",
                         post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                         post + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
                         post + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
                         post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                         post + b"X: " + b"y" * 100_000,
                         post + b"A: b\r\n" * 20_000 + b"\r\n",
                         post + b"Content-Length: 10\r\n\r\nabc"]:
                answer = server.raw(text)
                self.assertRegex(answer[:12], rb"^(HTTP/1.1 4\d\d)?$", text[:60])
                self.assertTrue(server.is_well(), text[:60])
            for content_type, body in [
                    ("image/png", png(60_000, 60_000)),
                    ("image/png", png(2_000_000_000, 2_000_000_000)),
                    ("image/png", png(4000, 4000, b"\0" * 48_004_000)),
                    ("application/json", b"[" * 5_000_000),
                    ("application/json", b'{"instances":' * 400_000),
                    ("application/json", b'{"instances": [' + b"0," * 2_000_000),
                    ("application/jsonlines", b"{}\n" * 100_000),
                    ("application/x-npy", npy(nan, (4, 8, 8), "<f4")),
                    ("application/x-npy", npy(nan, (3, 2**30, 2**30), "<f4")),
                    ("application/x-npy", npy(nan[:-4] + b"\0\0\x80\x7f",
                                              (3, 8, 8), "<f4")),
                    ("application/x-safetensors", b"\xff" * 1000),
                    ("image/tiff", b"II*\0\xff\xff\xff\xff")]:
                status, answer = server.post(body, content_type)
                self.assertEqual(status, 400, (content_type, body[:40], answer))
                self.assertLess(len(answer), 600)
                self.assertTrue(server.is_well(), body[:60])
            # Missing pixels are no fault, as in training.
            self.assertEqual(server.post(npy(nan, (3, 8, 8), "<f4"),
                                         "application/x-npy")[0], 200)
            self.assertEqual(server.post(b"x" * (7 << 20), "image/png")[0], 413)
            # More connections than there may be, none of which sends a request.
            slow = [socket.create_connection(("127.0.0.1", server.port))
                    for _ in range(100)]
            for connection in slow:
                try:
                    connection.sendall(b"POST /invo")
                except OSError:
                    pass  # dropped already, in favour of others
            self.assertTrue(server.is_well())
            for connection in slow:
                connection.close()
            self.assertTrue(server.is_well())

    def test_a_container_starts_without_flags(self):
        world = self.world
        base = world.folder / "opt" / "ml"
        base.mkdir(parents=True, exist_ok=True)
        (base / "model").symlink_to(world.trained)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": str(port),
               "SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
               "SAGEMAKER_SAFE_PORT_RANGE": f"{port + 1}-{port + 2}",
               "NADIR_SERVE_BATCH_SIZE": "16"}
        with Server(PROGRAM, env=env) as server:
            self.assertEqual(server.info["url"], f"http://0.0.0.0:{port}")
            status, answer = server.get("/execution-parameters")
            self.assertEqual(json.loads(answer), {
                "MaxConcurrentTransforms": 8, "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": 2})
            status, answer = server.post(world.line(3), "application/jsonlines")
            self.check_row(3, json.loads(answer))
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(30), 0)

    def test_a_start_that_cannot_be_served_is_refused(self):
        for words, text in [
                ((), "--model"),
                (("--weights", "nowhere"), "nowhere"),
                (("--model", self.world.folder / "packed"), "must hold"),
                (("--weights", self.world.trained, "--host", "0.0.0.0"), "token"),
                (("--weights", self.world.trained, "--outputs", "labels"), "probe"),
                (("--weights", self.world.trained, "--allow-paths", "/nowhere"),
                 "no folder"),
                (("--weights", self.world.trained, "--batch-size", "0"),
                 "batch_size")]:
            done = subprocess.run(
                [PROGRAM, "serve", "--port", "0", *map(str, words)],
                capture_output=True, timeout=60,
                env={**os.environ, "SAGEMAKER_BASE_DIR": "/nowhere"})
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            self.assertIn(text, done.stderr.decode())


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
