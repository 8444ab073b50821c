"""The index of a BigEarthNet folder by bigearthnet_gdf_builder.

    index_gdf_builder.py WORLD [--patches 300] [--workers 0]

WORLD is NADIR_BENCH_WORLD. Six columns, then snow, cloud, split and season; its
countries by polygon need a download and are left out. Prints one JSON object.
"""
import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

from bigearthnet_gdf_builder import builder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--patches", type=int, default=300)
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args()
    builder.get_ben_countries_gdf = None  # would download
    start, cpu_start = time.perf_counter(), time.process_time()
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
            1000 * (time.process_time() - cpu_start) / count}))


if __name__ == "__main__":
    main()
