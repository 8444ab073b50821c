"""The index against bigearthnet_gdf_builder: row for row, column for column.

Patches: the real ones where NADIR_SHARED_DATA has them, and a few hundred with
official names, random labels, dates and places in their projections. The
builder's own functions run; only its download of country borders is replaced
by a file that both sides read. Usage: index_parity.py INDEX_PROBE LISTS
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import geopandas
import numpy as np
import shapely
import rich.traceback  # the builder uses it without importing it
from bigearthnet_common import constants
from bigearthnet_gdf_builder import builder

NUM_MADE = 200
# Corners pass through two builds of PROJ; a micrometre is 1e-9 of a patch.
MAX_CORNER_DIFFERENCE_M = 1e-6


def real_folder():
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("NADIR_SHARED_DATA", root.parent / "shared/data"))
    return data / "BigEarthNet-v1.0"


def utm_wkt(zone):
    from pyproj import CRS

    return CRS.from_epsg(32600 + zone).to_wkt("WKT1_GDAL")


def official_names(lists, rng):
    import bz2

    names = []
    for stem in ("train", "val", "test", "patches_with_seasonal_snow",
                 "patches_with_cloud_and_shadow",
                 "patches_with_no_19_class_targets"):
        text = bz2.open(lists / f"{stem}.csv.bz2", "rt").read()
        lines = text.split()
        names += rng.sample(lines, min(len(lines), NUM_MADE // 6 + 1))
    return sorted(set(names))


def make_patches(folder, lists, rng):
    zones = {zone: utm_wkt(zone) for zone in (29, 31, 32, 33, 34, 35)}
    for name in official_names(lists, rng):
        zone = rng.choice(list(zones))
        ulx = 300_000 + 1200 * rng.randrange(300)
        uly = 4_200_000 + 1200 * rng.randrange(2500)
        date = (f"201{rng.choice('78')}-{rng.randint(1, 12):02}"
                f"-{rng.randint(1, 28):02} {rng.randint(8, 11):02}:10:31")
        labels = rng.sample(constants.OLD_LABELS, rng.randint(1, 5))
        patch = folder / name
        patch.mkdir(parents=True)
        (patch / f"{name}_labels_metadata.json").write_text(json.dumps({
            "labels": labels,
            "coordinates": {"ulx": ulx, "uly": uly,
                            "lrx": ulx + 1200, "lry": uly - 1200},
            "projection": zones[zone],
            "tile_source": f"S2A_MSIL1C_20170613T101031_T{zone}UUP.SAFE",
            "acquisition_date": date}))
    if real_folder().exists():
        for patch in real_folder().iterdir():
            if not (folder / patch.name).exists():
                (folder / patch.name).symlink_to(patch)


def make_borders(path):
    """Ten crude countries: squares around their capitals, in degrees."""
    capitals = {"Austria": (16.4, 48.2), "Belgium": (4.4, 50.8),
                "Finland": (24.9, 60.2), "Ireland": (-6.3, 53.3),
                "Kosovo": (21.2, 42.7), "Lithuania": (25.3, 54.7),
                "Luxembourg": (6.1, 49.6), "Portugal": (-9.1, 38.7),
                "Serbia": (20.5, 44.8), "Switzerland": (7.4, 46.9)}
    frame = geopandas.GeoDataFrame(
        {"NAME": list(capitals)},
        geometry=[shapely.box(x - 0.5, y - 0.5, x + 0.5, y + 0.5)
                  for x, y in capitals.values()],
        crs="EPSG:4326")
    frame.to_file(path, driver="GeoJSON")
    return frame


def run_probe(probe, *arguments):
    subprocess.run([probe, *map(str, arguments)], check=True)


def differences(ours, theirs):
    """Names of columns that differ, with a row each; corners by distance."""
    found = []
    if list(ours.columns) != list(theirs.columns):
        return [f"columns {list(ours.columns)} and {list(theirs.columns)}"]
    if len(ours) != len(theirs):
        return [f"{len(ours)} rows and {len(theirs)}"]
    for column in ours.columns:
        if column == "geometry":
            continue
        for a, b in zip(ours[column], theirs[column]):
            a = list(a) if isinstance(a, (list, np.ndarray)) else a
            b = list(b) if isinstance(b, (list, np.ndarray)) else b
            if str(a) != str(b):
                found.append(f"{column}: {a!r} and {b!r}")
                break
    return found


def corner_difference(ours, theirs):
    a = shapely.get_coordinates(ours.geometry.values)
    b = shapely.get_coordinates(theirs.geometry.values)
    return float(np.abs(a - b).max())


def compare(what, ours, theirs):
    theirs = theirs.sort_values("name").reset_index(drop=True)
    found = differences(ours, theirs)
    corners = np.inf if found else corner_difference(ours, theirs)
    print(f"{what}: {len(ours)} rows, {len(ours.columns)} columns, "
          f"largest difference of a corner {corners:.3g} m")
    for line in found:
        print("  differs:", line)
    if not found and corners > MAX_CORNER_DIFFERENCE_M:
        found.append(f"corners differ by {corners} m")
    if ours.crs != theirs.crs:
        found.append(f"CRS {ours.crs} and {theirs.crs}")
        print("  differs:", found[-1])
    return not found


def main():
    probe, lists = sys.argv[1], Path(sys.argv[2])
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "BigEarthNet-v1.0"
        make_patches(source, lists, rng)
        borders = make_borders(folder / "borders.geojson")
        builder.get_ben_countries_gdf = lambda: borders

        paths = builder.get_s2_patch_directories(source)
        raw = builder.build_gdf_from_s2_patch_paths(
            paths, n_workers=1, progress=False)
        cleaned = builder.remove_bad_ben_gdf_entries(raw.copy())
        final = builder.add_full_ben_s2_metadata(cleaned.copy())
        everything = builder.add_full_ben_s2_metadata(raw.copy())

        def ours(mode, *rest):
            path = folder / "ours.parquet"
            run_probe(probe, source, path, lists, folder / "borders.geojson",
                      mode, *rest)
            return geopandas.read_parquet(path)

        good = compare("recommended, with metadata", ours("extended"), final)
        good &= compare("recommended, six columns", ours("raw"), cleaned)
        good &= compare("all patches", ours("extended", "keep"), everything)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
