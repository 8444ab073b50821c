"""As much of an S3 client as the fake control plane needs: whole objects over
HTTP, with a signature that moto's server takes and AWS would not.
"""
import pathlib
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=fake/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0")


def split_uri(uri):
    """Bucket and key of s3://BUCKET/KEY."""
    if not uri.startswith("s3://"):
        raise ValueError(f"{uri} is not an s3:// address")
    bucket, _, key = uri[len("s3://"):].partition("/")
    return bucket, key


class S3:
    def __init__(self, endpoint):
        self.endpoint = endpoint.rstrip("/")

    def _send(self, method, bucket, key="", query="", body=None):
        path = urllib.parse.quote(key)
        request = urllib.request.Request(
            f"{self.endpoint}/{bucket}/{path}{query}", data=body, method=method,
            headers={"Authorization": AUTHORIZATION})
        if body is not None:
            request.add_header("Content-Type", "binary/octet-stream")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def make_bucket(self, bucket):
        self._send("PUT", bucket)

    def list(self, uri):
        """{key: size} of all objects whose key begins with that of `uri`."""
        bucket, prefix = split_uri(uri)
        found, token = {}, None
        while True:
            query = {"list-type": "2", "prefix": prefix}
            if token:
                query["continuation-token"] = token
            answer = xml.etree.ElementTree.fromstring(self._send(
                "GET", bucket, query="?" + urllib.parse.urlencode(query)))
            space = answer.tag.partition("}")[0] + "}" if "}" in answer.tag else ""
            for one in answer.iter(space + "Contents"):
                found[one.find(space + "Key").text] = int(
                    one.find(space + "Size").text)
            token = answer.findtext(space + "NextContinuationToken")
            if not token:
                return found

    def get(self, uri):
        return self._send("GET", *split_uri(uri))

    def put(self, uri, body):
        self._send("PUT", *split_uri(uri), body=body)

    def delete(self, uri):
        self._send("DELETE", *split_uri(uri))

    def download(self, uri, folder):
        """All objects below the prefix `uri`, as files under `folder`."""
        bucket, prefix = split_uri(uri)
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for key in self.list(uri):
            name = key[len(prefix):].lstrip("/") or key.rpartition("/")[2]
            if name and not key.endswith("/"):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.get(f"s3://{bucket}/{key}"))

    def upload(self, folder, uri):
        """All files of `folder` as objects below the prefix `uri`."""
        folder = pathlib.Path(folder)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                self.put(f"{uri.rstrip('/')}/{name}", path.read_bytes())


class CheckpointSync:
    """Keeps a prefix like a folder, as the platform does during training:
    changed files go up, files that were removed are removed."""

    def __init__(self, s3, folder, uri):
        self.s3, self.folder = s3, pathlib.Path(folder)
        self.uri = uri.rstrip("/")
        self.known = {}

    def restore(self):
        self.s3.download(self.uri + "/", self.folder)
        self.known = self._files()

    def _files(self):
        files = {}
        for path in self.folder.rglob("*"):
            try:
                if path.is_file():
                    stat = path.stat()
                    name = path.relative_to(self.folder).as_posix()
                    files[name] = (stat.st_mtime_ns, stat.st_size)
            except FileNotFoundError:  # the container is at work
                continue
        return files

    def push(self):
        files = self._files()
        for name, state in files.items():
            if self.known.get(name) != state:
                try:
                    body = (self.folder / name).read_bytes()
                except FileNotFoundError:
                    continue
                self.s3.put(f"{self.uri}/{name}", body)
                self.known[name] = state
        for name in set(self.known) - set(files):
            self.s3.delete(f"{self.uri}/{name}")
            del self.known[name]
