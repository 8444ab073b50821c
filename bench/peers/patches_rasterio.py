"""Patches of three bands to memory: three GeoTIFFs each, by rasterio.

    patches_rasterio.py WORLD [--reads 2000]

WORLD is NADIR_BENCH_WORLD; B04, B03, B02 of its patches in random order, one
thread, files in the page cache. Prints one JSON object: patches a second, and
CPU milliseconds a patch. Needs requirements.txt beside this file.
"""
import argparse
import json
import random
import sys
import time
from pathlib import Path

import numpy as np

try:
    import rasterio
except ImportError:
    sys.exit("patches_rasterio.py: this Python has no rasterio; install "
             "bench/peers/requirements.txt into a venv and name its Python in "
             "NADIR_PEER_PYTHON")

BANDS = ("B04", "B03", "B02")


def read(patch):
    bands = []
    for band in BANDS:
        with rasterio.open(patch / f"{patch.name}_{band}.tif") as file:
            bands.append(file.read(1))
    return np.stack(bands)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--reads", type=int, default=2000)
    args = parser.parse_args()
    patches = sorted((args.world / "folder").iterdir())
    random.Random(1).shuffle(patches)
    for patch in patches:  # into the page cache
        assert read(patch).shape == (3, 120, 120)
    start, cpu_start = time.perf_counter(), time.process_time()
    for i in range(args.reads):
        read(patches[i % len(patches)])
    print(json.dumps({
        "items_per_second": args.reads / (time.perf_counter() - start),
        "cpu_ms_per_item":
            1000 * (time.process_time() - cpu_start) / args.reads}))


if __name__ == "__main__":
    main()
