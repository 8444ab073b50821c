"""`nadir atlas` against scikit-learn: components and trustworthiness.

    atlas_parity.py PROGRAM      compares; ends 1 where they differ
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

FAILURES = []


def check(name, difference, tolerance):
    good = difference <= tolerance  # False for NaN
    verdict = "ok" if good else "DIFFERS"
    print(f"{name:44} {difference:10.3e}  (<= {tolerance:.0e})  {verdict}")
    if not good:
        FAILURES.append(name)


def make_features(num_images, width, seed):
    """Groups of images along a bent surface, about a common mean."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(num_images, 6)) + 3 * rng.integers(0, 4, (num_images, 1))
    weights = rng.normal(size=(6, width))
    noise = 0.1 * rng.normal(size=(num_images, width))
    return (np.tanh(hidden @ weights / 6) + noise + 2).astype(np.float32)


def write_features(path, features):
    names = pa.array([f"image {i}" for i in range(len(features))])
    rows = pa.FixedSizeListArray.from_arrays(
        pa.array(features.ravel()), features.shape[1]
    )
    pq.write_table(pa.table({"name": names, "features": rows}), path)


def run_atlas(program, folder, *flags):
    out = folder / "atlas.parquet"
    result = subprocess.run(
        [program, "atlas", folder / "features.parquet", "--out", out, "--json", *flags],
        check=True,
        capture_output=True,
        text=True,
    )
    table = pq.read_table(out)
    assert table["name"][1].as_py() == "image 1"
    places = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
    return places, json.loads(result.stdout)


def as_compared(features):
    """The mean of all taken off, then brought to length 1."""
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def main():
    program = sys.argv[1]
    # More images than that are judged by a sample of them.
    for num_images, width in ((1000, 384), (400, 33), (50, 768)):
        features = make_features(num_images, width, seed=width)
        unit = as_compared(features)
        what = f"{num_images} x {width}: "
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write_features(folder / "features.parquet", features)
            places, said = run_atlas(program, folder)
            pca = PCA(n_components=2, svd_solver="full").fit(unit)
            expected = pca.transform(unit)
            for axis in range(2):  # signs are a matter of the library's version
                sign = np.sign(places[:, axis] @ expected[:, axis])
                difference = np.abs(sign * places[:, axis] - expected[:, axis]).max()
                check(f"{what}component {axis + 1}", difference, 1e-5)
            shares = np.abs(np.array(said["explained"]) - pca.explained_variance_ratio_)
            check(f"{what}share of the variance", shares.max(), 1e-6)
            k = 15
            trust = trustworthiness(unit, places, n_neighbors=k)
            check(f"{what}trust of components", abs(trust - said["trustworthiness"]), 1e-5)
            places, said = run_atlas(program, folder, "--method", "umap")
            trust = trustworthiness(unit, places, n_neighbors=k)
            check(f"{what}trust of UMAP", abs(trust - said["trustworthiness"]), 1e-5)
            print(f"{what}trustworthiness of UMAP {trust:.4f}")
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main()
