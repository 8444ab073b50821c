"""An HTTP proxy before a store that fails on purpose.

    with FaultProxy(upstream_url, faults, seed) as proxy: proxy.url

`faults` gives each kind a probability: drop (no answer), error (500), slow_down
(503), cut (half a body), flip (one changed byte of a body on its way back), and
flip_up (of one on its way there). `delay_s` is added to every answer. What the
store would refuse itself, a body that does not match its checksum, the proxy
refuses here: moto does not look.
"""
import base64
import collections
import http.client
import http.server
import random
import threading
import time
import urllib.parse
import zlib


class FaultProxy:
    def __init__(self, upstream, faults=None, seed=0, delay_s=0.0):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.faults = faults or {}
        self.random = random.Random(seed)
        self.delay_s = delay_s
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                proxy.handle(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # clients that go away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def draw(self):
        with self.lock:
            point = self.random.random()
            for kind, share in self.faults.items():
                if point < share:
                    self.counts[kind] += 1
                    return kind
                point -= share
            self.counts["none"] += 1
            return "none"

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        fault = self.draw()
        time.sleep(self.delay_s)
        if fault == "drop":
            request.close_connection = True
            return
        if fault == "flip_up" and body:
            body = flipped(body)
        wanted = request.headers.get("x-amz-checksum-crc32")
        checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        completes = request.command == "POST" and "uploadId=" in request.path
        if wanted and not completes and wanted != checksum:
            answer(request, 400, [], b"<Error><Code>BadDigest</Code></Error>")
        elif fault == "error":
            answer(request, 500, [], b"oops")
        elif fault == "slow_down":
            answer(request, 503, [], b"<Error><Code>SlowDown</Code></Error>")
        else:
            self.forward(request, body, fault)

    def forward(self, request, body, fault):
        upstream = http.client.HTTPConnection(self.upstream.netloc, timeout=60)
        headers = {name: value for name, value in request.headers.items()
                   if name.lower() not in ("connection", "accept-encoding")}
        upstream.request(request.command, request.path, body, headers)
        response = upstream.getresponse()
        content = response.read()
        upstream.close()
        sent = [(name, value) for name, value in response.getheaders()
                if name.lower() not in ("connection", "transfer-encoding",
                                        "content-length", "server", "date")]
        if request.command == "HEAD":
            sent.append(("Content-Length",
                         response.getheader("content-length", "0")))
        if fault == "flip" and content and response.status < 300:
            content = flipped(content)
        answer(request, response.status, sent, content, fault == "cut")


def flipped(body):
    place = len(body) // 2
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]


def answer(request, status, headers, body, is_cut=False):
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    if request.command != "HEAD":
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body[:len(body) // 2] if is_cut else body)
    if is_cut:
        request.close_connection = True
