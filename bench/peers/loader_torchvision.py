"""Ten views an image from PNG files: torchvision on Pillow in a DataLoader.

    loader_torchvision.py FOLDER [--images 64] [--workers 0]

FOLDER is NADIR_BENCH_WORLD/png. Prints one JSON object: images/s, and CPU
milliseconds an image of this process and its workers.
"""
import argparse
import json
import time
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from augment_torchvision import dino_views
from cpu_time import cpu_seconds


class Pictures(Dataset):
    def __init__(self, folder, count):
        paths = sorted(Path(folder).rglob("*.png"))
        self.paths = [paths[i % len(paths)] for i in range(count)]
        self.views = dino_views()

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as file:
            image = file.convert("RGB")
        return [view(image) for view in self.views]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    loader = DataLoader(
        Pictures(args.folder, args.images), batch_size=32, shuffle=True,
        drop_last=True, num_workers=args.workers)
    count = len(loader) * 32
    start, cpu_start = time.perf_counter(), cpu_seconds()
    for _ in loader:
        pass
    print(json.dumps({
        "items_per_second": count / (time.perf_counter() - start),
        "cpu_ms_per_item": 1000 * (cpu_seconds() - cpu_start) / count}))


if __name__ == "__main__":
    main()
