"""What the browser tests look at: a small labelled world with a network, its
predictions and embeddings; a run of 1,000,000 steps; names that would be
scripts; and the dashboard as a process."""
import http.client
import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import zlib

NUM_PATCHES = 90
NUM_MILLION = 1_000_000

RECIPE = """[data]
data_path = "{data}"
{bands}
split = "all"

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
epochs = {epochs}
batch_size_per_gpu = {batch}
warmup_epochs = 0

[run]
knn_every_epochs = {knn_every}
num_workers = 1
num_threads = 1
"""

# A name that would run if anything took it for HTML. Folders cannot hold a "/".
HOSTILE = "<img src=x onerror=window.hacked=1><svg onload=window.hacked=1>"
HOSTILE_TEXT = "<script>window.hacked=1</script><a href=javascript:window.hacked=1>x</a>"


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


class World:
    """Patches in Sentinel-2's bands, a trained run with probe, predictions and
    embeddings."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.patches = self.folder / "world" / "BigEarthNet-v1.0"
        self.data = self.folder / "packed"
        self.trained = self.folder / "trained"
        self.run("data", "synth", self.folder / "world", "--patches", NUM_PATCHES,
                 "--seed", 3)
        self.run("data", "index", self.patches, "--lists", self.folder / "world/lists",
                 "--keep-discouraged", "--out", self.folder / "index.parquet")
        self.run("data", "pack", self.patches, "--index", self.folder / "index.parquet",
                 "--out", self.data)
        self.pretrain(self.trained, epochs=3)
        self.run("eval", "linear", "--weights", self.trained, "--data", self.data,
                 "--epochs", 2, "--lr", 1, "--bootstrap", 0, "--num-workers", 1)
        self.predictions = self.folder / "predictions.parquet"
        self.embeddings = self.folder / "embeddings.parquet"
        self.run("predict", "--probe", self.trained / "eval/linear", "--data", self.data,
                 "--out", self.predictions, "--num-workers", 1)
        self.run("embed", "--weights", self.trained, "--data", self.data, "--out",
                 self.embeddings, "--num-workers", 1)

    def recipe(self, epochs, batch=8, data=None, bands='bands = ["B04", "B03", "B02"]',
               knn_every=1):
        path = self.folder / f"recipe-{epochs}-{batch}.toml"
        path.write_text(RECIPE.format(data=data or self.data, epochs=epochs, batch=batch,
                                      bands=bands, knn_every=knn_every))
        return path

    def pretrain(self, out, epochs):
        self.run("pretrain", "--recipe", self.recipe(epochs), "--out", out)

    def start_training(self, out, epochs):
        """A real training that goes on while a test looks."""
        return subprocess.Popen(
            [self.program, "pretrain", "--recipe", str(self.recipe(epochs, knn_every=0)),
             "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment())

    def run(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True,
                              env=environment())
        if done.returncode:
            raise RuntimeError(f"nadir {' '.join(map(str, words))}: {done.stderr.decode()}")

    def flags(self):
        """Those that show all there is."""
        return ["--data", self.data, "--predictions", self.predictions, "--embeddings",
                self.embeddings, "--weights", self.trained]


def write_million(folder):
    """A run of 1,000,000 steps, with a hole in its losses, a resume, a warning and
    checkpoints."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    (folder / "config.toml").write_text(
        'out = "million"\n[head]\nout_dim = 4096\n[loss]\nteacher_temp = 0.04\n')
    (folder / "status.json").write_text(json.dumps(
        {"state": "finished", "step": NUM_MILLION, "total_steps": NUM_MILLION,
         "epoch": 1000.0, "message": "", "updated": "2026-11-24T04:18:59Z", "pid": 1, "host": "none"}))
    with open(folder / "metrics.jsonl", "w") as file:
        file.write('{"step":0,"event":"start","text":"0 of 1000000 steps"}\n')
        for step in range(1, NUM_MILLION + 1):
            loss = 4 + 4 * math.exp(-step / 2e5) + 0.1 * math.sin(step * 12.9898)
            if 600_000 <= step < 650_000:
                text = "null"
            else:
                text = f"{loss:.4f}"
            file.write(f'{{"step":{step},"epoch":{step / 1000:.3f},"time_s":{step * 0.1:.1f},'
                       f'"loss":{text},"lr":{5e-4 * (1 - step / NUM_MILLION):.3e}}}\n')
            if step % 50_000 == 0:
                file.write(f'{{"step":{step},"event":"checkpoint","text":"step {step}"}}\n')
            if step == 300_000:
                file.write(f'{{"step":{step},"event":"resume","text":"after a break"}}\n')
                file.write(f'{{"step":{step},"event":"warning","text":'
                           f'{json.dumps(HOSTILE_TEXT)}}}\n')
    return folder


def write_hostile_run(folder, setting=HOSTILE_TEXT):
    """A run whose name, settings and events are scripts if taken for HTML."""
    run = pathlib.Path(folder) / HOSTILE
    run.mkdir(parents=True)
    (run / "config.toml").write_text(
        f"out = {json.dumps(HOSTILE)}\n[data]\ndata_path = {json.dumps(setting)}\n"
        "[head]\nout_dim = 4096\n")
    (run / "status.json").write_text(json.dumps(
        {"state": "failed", "step": 30, "total_steps": 100, "epoch": 3.0, "message": HOSTILE_TEXT,
         "updated": "2026-11-24T04:18:59Z", "pid": 1, "host": "none"}))
    rows = [{"step": step, "epoch": step / 10, "time_s": step * 1.0, "loss": 8 - 0.01 * step,
             HOSTILE: 1.0} for step in range(1, 31)]
    rows.append({"step": 30, "event": "warning", "text": HOSTILE_TEXT})
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (run / "notes.md").write_text(HOSTILE_TEXT)
    return run


def png(side, seed):
    """8-bit colour, one flat colour a picture."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    pixel = bytes([seed * 40 % 256, seed * 90 % 256, 120])
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress((b"\0" + pixel * side) * side)) +
            chunk(b"IEND", b""))


def tiff(side, names):
    """Bytes of a TIFF of three uint16 bands that GDAL finds by these names."""
    items = "".join(f'<Item name="DESCRIPTION" sample="{i}" role="description">{name}</Item>'
                    for i, name in enumerate(names))
    text = f"<GDALMetadata>{items}</GDALMetadata>\0".encode()
    pixels = struct.pack(f"<{3 * side * side}H",
                         *((300 + 37 * i) % 2500 for i in range(3 * side * side)))
    num_tags = 11
    bits_at = 8 + 2 + 12 * num_tags + 4
    text_at = bits_at + 6
    pixels_at = text_at + len(text)
    letters, short, long = 2, 3, 4
    entries = [(256, short, 1, side), (257, short, 1, side), (258, short, 3, bits_at),
               (259, short, 1, 1), (262, short, 1, 1), (273, long, 1, pixels_at),
               (277, short, 1, 3), (278, short, 1, side), (279, long, 1, len(pixels)),
               (338, short, 2, 0), (42112, letters, len(text), text_at)]
    head = b"II*\0" + struct.pack("<IH", 8, num_tags)
    head += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 0)
    return head + struct.pack("<3H", 16, 16, 16) + text + pixels


def write_hostile_images(folder):
    """A folder of pictures whose classes and names are scripts if taken for HTML."""
    folder = pathlib.Path(folder)
    for c, name in enumerate([HOSTILE, "plain"]):
        (folder / name).mkdir(parents=True)
        for i in range(4):
            (folder / name / f"{HOSTILE}-{i}.png").write_bytes(png(40, 4 * c + i))
    return folder


class Dashboard:
    """`nadir dashboard`, on a free port unless one is given."""

    def __init__(self, program, *words, port=0):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, "dashboard", "--json", "--port", str(port), *map(str, words)],
            stdout=subprocess.PIPE, stderr=self.log, env=environment())
        text = ""
        while not text.rstrip().endswith("}"):
            line = self.process.stdout.readline().decode()
            if not line:
                self.log.seek(0)
                raise RuntimeError(f"nadir dashboard ended with {self.process.wait()}: "
                                   f"{self.log.read().decode()}")
            text += line
        self.url = json.loads(text)["url"].rstrip("/")
        self.host = self.url.split("//")[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def get(self, path):
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
