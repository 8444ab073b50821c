"""PNG files of the first patches of a world, for the loaders to read.

    make_pictures.py WORLD [--count 512]

Writes WORLD/png/NAME.png: B04, B03, B02, stretched from 0..2000 to 0..255.
"""
import argparse
from pathlib import Path

import numpy as np
from PIL import Image


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("--count", type=int, default=512)
    args = parser.parse_args()
    out = args.world / "png"
    out.mkdir(exist_ok=True)
    for patch in sorted((args.world / "folder").iterdir())[: args.count]:
        bands = [
            np.asarray(Image.open(patch / f"{patch.name}_{band}.tif"))
            for band in ("B04", "B03", "B02")]
        pixels = np.clip(np.stack(bands, -1) / 2000, 0, 1) * 255
        Image.fromarray(pixels.astype(np.uint8)).save(
            out / f"{patch.name}.png")


if __name__ == "__main__":
    main()
