"""Image files to embeddings on disk by a DataLoader and timm.

    embed_torch.py FOLDER [--images 256] [--workers 2]

FOLDER holds .png, .jpg or .jpeg files (NADIR_BENCH_WORLD/png). Shorter side to
256 px (bicubic), centre crop of 224 px, vit_small/16 in batches of 32, CLS tokens
to an .npy file: what `nadir embed` does. Prints one JSON object: images a second,
and CPU milliseconds an image of this process and its workers.
"""
import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from cpu_time import cpu_seconds

ENDINGS = {".png", ".jpg", ".jpeg"}


class Pictures(Dataset):
    def __init__(self, folder, count):
        paths = sorted(
            p for p in Path(folder).rglob("*") if p.suffix.lower() in ENDINGS)
        if not paths:
            raise SystemExit(f"no pictures below {folder}: make them with "
                             "bench/peers/make_pictures.py")
        self.paths = [paths[i % len(paths)] for i in range(count)]
        self.view = transforms.Compose([
            transforms.Resize(256, InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(
                (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as file:
            return self.view(file.convert("RGB"))


def embed(network, pictures, workers, path):
    loader = DataLoader(pictures, batch_size=32, num_workers=workers)
    with torch.inference_mode():
        features = torch.cat([network(images) for images in loader])
    np.save(path, features.numpy())
    return features.shape


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    network = timm.create_model(
        "vit_small_patch16_224", num_classes=0, pretrained=False).eval()
    pictures = Pictures(args.folder, args.images)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.npy"
        with torch.inference_mode():
            network(torch.randn(32, 3, 224, 224))  # makes threads and buffers
        start, cpu_start = time.perf_counter(), cpu_seconds()
        shape = embed(network, pictures, args.workers, path)
        seconds = time.perf_counter() - start
        cpu_s = cpu_seconds() - cpu_start
        assert np.load(path).shape == tuple(shape) == (args.images, 384)
    print(json.dumps({
        "items_per_second": args.images / seconds,
        "cpu_ms_per_item": 1000 * cpu_s / args.images}))


if __name__ == "__main__":
    main()
