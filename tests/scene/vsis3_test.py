"""Scenes in S3 through the real program, against moto.

    vsis3_test.py NADIR

A mosaic at /vsis3/ equals the same here; what is asked for at s3:// instead; maps
that are written to s3://.
"""
import contextlib
import filecmp
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
try:
    import boto3  # noqa: F401
    import moto.server  # noqa: F401
except ImportError as error:
    print(f"skipped: {error} (tests/requirements.txt names it)")
    sys.exit(SKIPPED)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cloud"))
from moto_server import Moto  # noqa: E402

NADIR = pathlib.Path(sys.argv[1]).resolve()
BUCKET = "nadir-test"
BANDS = ["B04", "B03", "B02"]
TINY = ["--arch", "vit_nano", "--epochs", "1", "--batch-size-per-gpu", "8",
        "--global-crop-size", "32", "--local-crop-size", "16",
        "--local-crops-number", "2", "--out-dim", "64", "--seed", "7",
        "--knn-every-epochs", "0", "--num-workers", "1", "--num-threads", "1",
        "--warmup-epochs", "0", "--max-images", "8"]
MAP = ["--weights", "run", "--window-px", "40", "--stride-px", "20",
       "--embeddings", "2", "--num-workers", "1"]
failures = 0


def check(is_right, text):
    global failures
    print("ok:" if is_right else "FAILED:", text)
    failures += 0 if is_right else 1


def make_scene(folder, world):
    """Bands of a patch, and a mosaic of them with paths of its own folder."""
    folder.mkdir()
    patch = next(path for path in world.rglob("*_B02.tif"))
    vrt = '<VRTDataset rasterXSize="120" rasterYSize="120">'
    for number, band in enumerate(BANDS, 1):
        source = patch.with_name(patch.name.replace("_B02", f"_{band}"))
        (folder / f"{band}.tif").write_bytes(source.read_bytes())
        vrt += (f'<VRTRasterBand dataType="UInt16" band="{number}">'
                f"<Description>{band}</Description><SimpleSource>"
                f'<SourceFilename relativeToVRT="1">{band}.tif</SourceFilename>'
                "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>")
    (folder / "scene.vrt").write_text(vrt + "</VRTDataset>")


def main():
    with tempfile.TemporaryDirectory() as name, \
            contextlib.closing(Moto(sys.executable, os.devnull)) as server:
        folder = pathlib.Path(name)
        gdal = {"AWS_S3_ENDPOINT": server.endpoint.removeprefix("http://"),
                "AWS_HTTPS": "NO", "AWS_VIRTUAL_HOSTING": "FALSE"}
        own = server.environment(folder / "cache")

        def run(*words, status=0):
            done = subprocess.run(
                [str(NADIR), *map(str, words)], text=True, capture_output=True,
                cwd=folder, env=os.environ | gdal | own, timeout=200)
            if done.returncode != status:
                sys.exit(f"nadir {' '.join(map(str, words))}: status "
                         f"{done.returncode}, expected {status}\n{done.stderr}")
            return done

        store = server.s3()
        store.create_bucket(Bucket=BUCKET)
        run("data", "synth", "world", "--patches", "12", "--seed", "3")
        run("pretrain", "--data", "world/BigEarthNet-v1.0", "--bands",
            ",".join(BANDS), "--out", "run", *TINY)
        make_scene(folder / "scene", folder / "world")
        for path in (folder / "scene").iterdir():
            store.upload_file(str(path), BUCKET, f"scene/{path.name}")

        run("map", "scene/scene.vrt", *MAP, "--out", "here")
        run("map", f"/vsis3/{BUCKET}/scene/scene.vrt", *MAP, "--out", "there")
        basis = "components.safetensors"
        check(filecmp.cmp(folder / "here" / basis, folder / "there" / basis,
                          shallow=False),
              "a mosaic at /vsis3/ is mapped as one here")
        done = run("map", f"s3://{BUCKET}/scene/scene.vrt", *MAP, status=2)
        check(f"/vsis3/{BUCKET}/scene/scene.vrt" in done.stderr,
              "a mosaic at s3:// is asked for as /vsis3/")
        done = run("map", f"/vsis3/{BUCKET}/none.tif", *MAP, status=2)
        check("none.tif" in done.stderr, "a scene that is not there")
        run("map", "scene/scene.vrt", *MAP, "--out", f"s3://{BUCKET}/maps")
        for path in sorted((folder / "here").iterdir()):
            copy = store.get_object(Bucket=BUCKET, Key=f"maps/{path.name}")
            check(copy["Body"].read() == path.read_bytes(),
                  f"{path.name} is at s3:// as it would be here")
        done = run("map", "scene/scene.vrt", *MAP, "--out",
                   f"s3://{BUCKET}/maps")
        check("complete already" in done.stdout, "and known to be complete")
    if failures:
        sys.exit(f"{failures} failed")
    print("all passed")


if __name__ == "__main__":
    main()
