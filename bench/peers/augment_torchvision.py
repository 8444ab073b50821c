"""The full multi-crop of DINO: torchvision on Pillow beside nadir, in one run.

    augment_torchvision.py BUILD/bench/augment/nadir_augment_bench

Times both by turns on one core each, so that a noisy machine disturbs both
alike, and prints medians of CPU milliseconds an image and their ratio.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torchvision import transforms
from torchvision.transforms import InterpolationMode


def blur(sigma_low=0.1, sigma_high=2.0):
    def run(image):
        sigma = float(np.random.uniform(sigma_low, sigma_high))
        return image.filter(ImageFilter.GaussianBlur(radius=sigma))

    return run


def make_transform(side, scale, blur_prob, solarize_prob):
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(
                side, scale=scale, interpolation=InterpolationMode.BICUBIC
            ),
            transforms.RandomHorizontalFlip(0.5),
            transforms.RandomApply(
                [transforms.ColorJitter(0.4, 0.4, 0.2, 0.1)], 0.8
            ),
            transforms.RandomGrayscale(0.2),
            transforms.RandomApply([transforms.Lambda(blur())], blur_prob),
            transforms.RandomApply(
                [transforms.Lambda(ImageOps.solarize)], solarize_prob
            ),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )


def dino_views():
    return [
        make_transform(224, (0.4, 1.0), 1.0, 0.0),
        make_transform(224, (0.4, 1.0), 0.1, 0.2),
    ] + [make_transform(96, (0.05, 0.4), 0.5, 0.0)] * 8


def torchvision_ms(images, views):
    start = time.process_time()
    for image in images:
        for view in views:
            view(image)
    return (time.process_time() - start) * 1000 / len(images)


def nadir_ms(program, isa):
    output = subprocess.run(
        [
            program,
            "--benchmark_filter=^multicrop$",
            "--benchmark_format=json",
            "--benchmark_min_time=0.5",
        ],
        env={**os.environ, "NADIR_MAX_ISA": isa},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    ).stdout
    return json.loads(output)["benchmarks"][0]["cpu_time"] / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--isa", default="", help="NADIR_MAX_ISA for nadir")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = []
    for _ in range(args.images):
        small = rng.integers(40, 200, (8, 8, 3)).astype(np.uint8)
        smooth = np.asarray(Image.fromarray(small).resize((120, 120)))
        noise = rng.integers(0, 20, (120, 120, 3))
        images.append(Image.fromarray((smooth + noise).astype(np.uint8)))
    views = dino_views()
    torchvision_ms(images[:2], views)  # first calls import and allocate
    theirs, ours = [], []
    for _ in range(args.rounds):
        theirs.append(torchvision_ms(images, views))
        ours.append(nadir_ms(args.program, args.isa))
        print(f"torchvision {theirs[-1]:.2f} ms, nadir {ours[-1]:.3f} ms")
    ratio = statistics.median(t / o for t, o in zip(theirs, ours))
    print(
        f"median of {args.rounds}: torchvision {statistics.median(theirs):.2f}"
        f" ms, nadir {statistics.median(ours):.3f} ms an image;"
        f" {ratio:.1f} times"
    )


if __name__ == "__main__":
    main()
