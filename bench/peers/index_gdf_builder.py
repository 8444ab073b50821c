"""The index of a BigEarthNet folder by bigearthnet_gdf_builder.

    index_gdf_builder.py WORLD [--patches 300] [--workers 1]

WORLD is NADIR_BENCH_WORLD. The six columns of the patches, discouraged ones
dropped; more columns would need a download. Prints one JSON object.
"""
import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import rich.traceback  # the builder uses it without importing it
from bigearthnet_gdf_builder import builder

from cpu_time import cpu_seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--patches", type=int, default=300)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    start, cpu_start = time.perf_counter(), cpu_seconds()
    paths = builder.get_s2_patch_directories(args.world / "folder")
    paths = paths[: args.patches]
    frame = builder.build_gdf_from_s2_patch_paths(
        paths, n_workers=args.workers, progress=False)
    frame = builder.remove_bad_ben_gdf_entries(frame)
    with tempfile.TemporaryDirectory() as folder:
        frame.to_parquet(Path(folder) / "index.parquet")
    count = len(paths)
    print(json.dumps({
        "items_per_second": count / (time.perf_counter() - start),
        "cpu_ms_per_item":
            1000 * (cpu_seconds() - cpu_start) / count}))


if __name__ == "__main__":
    main()
