"""Uploads and downloads beside the AWS CLI, by turns.

    s3_copy.py NADIR AWS [--mib N] [--files N] [--rounds N]

Both speak to a server on this host that keeps nothing of what comes and gives
zeros, so that clients are measured and not a store; it takes its share of the
same processors. One large file, and a folder of small ones as patches are.
"""
import argparse
import base64
import http.server
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse
import zlib

BLOCK = bytes(1 << 20)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sizes = {}  # key: bytes
    uploads = {}  # key: {part: bytes}

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take_body(self):
        """Bytes of the content, which are dropped; framing is not counted."""
        left = int(self.headers.get("Content-Length", 0))
        decoded = self.headers.get("x-amz-decoded-content-length")
        total = int(decoded) if decoded else left
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        return total

    @property
    def place(self):
        parts = urllib.parse.urlsplit(self.path)
        return (urllib.parse.unquote(parts.path),
                dict(urllib.parse.parse_qsl(parts.query, True)))

    def do_PUT(self):
        key, query = self.place
        size = self.take_body()
        if "partNumber" in query:
            self.uploads[key][int(query["partNumber"])] = size
        else:
            self.sizes[key] = size
        self.reply(200, ETag='"e"')

    def do_POST(self):
        key, query = self.place
        self.take_body()
        if "uploads" in query:
            self.uploads[key] = {}
            self.reply(200, b"<R><UploadId>u</UploadId></R>")
        else:
            self.sizes[key] = sum(self.uploads.pop(key).values())
            self.reply(200, b"<CompleteMultipartUploadResult/>")

    def do_HEAD(self):
        key, _ = self.place
        if key not in self.sizes:
            self.reply(404)
            return
        self.reply(200, ETag='"e"', Content_Length=str(self.sizes[key]),
                   Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")

    def do_GET(self):
        key, query = self.place
        if "list-type" in query or "prefix" in query:
            self.reply_list(key, query.get("prefix", ""))
            return
        size = self.sizes[key]
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted else 0
        end = int(wanted[2] or size - 1) + 1 if wanted else size
        headers = {"ETag": '"e"', "Content_Length": str(end - begin),
                   "Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        if wanted:
            headers["Content_Range"] = f"bytes {begin}-{end - 1}/{size}"
        else:
            headers["x_amz_checksum_crc32"] = base64.b64encode(
                zlib.crc32(bytes(size)).to_bytes(4, "big")).decode()
        self.reply(206 if wanted else 200, **headers)
        for _ in range((end - begin) // len(BLOCK)):
            self.wfile.write(BLOCK)
        self.wfile.write(BLOCK[:(end - begin) % len(BLOCK)])

    def reply_list(self, bucket, prefix):
        rows = "".join(
            f"<Contents><Key>{key[len(bucket.rstrip('/')) + 1:]}</Key><Size>"
            f"{size}</Size><ETag>\"e\"</ETag><LastModified>2026-01-01T00:00:00Z"
            "</LastModified></Contents>"
            for key, size in sorted(self.sizes.items())
            if key.startswith(bucket.rstrip("/") + "/" + prefix))
        self.reply(200, f"<ListBucketResult>{rows}<IsTruncated>false"
                   "</IsTruncated></ListBucketResult>".encode())


def timed(words, environment):
    begin = time.monotonic()
    subprocess.run([str(word) for word in words], env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nadir")
    parser.add_argument("aws")
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.request_queue_size = 128
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true"}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "large").write_bytes(bytes(options.mib << 20))
        (root / "small").mkdir()
        for i in range(options.files):
            (root / "small" / f"{i}.tif").write_bytes(bytes(29_000))
        jobs = {
            f"upload {options.mib} MiB": (
                [options.nadir, "data", "copy", root / "large",
                 "s3://bench/large", "--overwrite"],
                [options.aws, "s3", "cp", root / "large", "s3://bench/large"],
                options.mib),
            f"download {options.mib} MiB": (
                [options.nadir, "data", "copy", "s3://bench/large",
                 root / "back", "--overwrite"],
                [options.aws, "s3", "cp", "s3://bench/large", root / "back"],
                options.mib),
            f"upload {options.files} files": (
                [options.nadir, "data", "copy", root / "small",
                 "s3://bench/small", "--overwrite"],
                [options.aws, "s3", "cp", "--recursive", root / "small",
                 "s3://bench/small"], options.files),
            f"download {options.files} files": (
                [options.nadir, "data", "copy", "s3://bench/small",
                 root / "many", "--overwrite"],
                [options.aws, "s3", "cp", "--recursive", "s3://bench/small",
                 root / "many"], options.files),
        }
        print(f"{'':24}{'nadir s':>10}{'aws s':>10}{'nadir/s':>10}"
              f"{'aws/s':>10}{'ratio':>8}")
        for name, (ours, theirs, amount) in jobs.items():
            pairs = [(timed(ours, environment), timed(theirs, environment))
                     for _ in range(options.rounds)]
            mine = statistics.median(pair[0] for pair in pairs)
            other = statistics.median(pair[1] for pair in pairs)
            ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
            print(f"{name:24}{mine:10.2f}{other:10.2f}{amount / mine:10.0f}"
                  f"{amount / other:10.0f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main()
