"""The linear probe of `nadir bench --only probe` in PyTorch.

    probe_torch.py [--epochs 50] [--rates 1]

SGD with momentum 0.9, cosine schedule, BCEWithLogits, batch 128 (the default of
`nadir eval linear`) on 50,000 x 1,536 features of 19 labels, in memory. With
--rates R, R probes are trained one after another. Prints one JSON object: rows a
second, and CPU milliseconds a row.
"""
import argparse
import json
import time

import torch
from torch import nn

IMAGES, WIDTH, CLASSES, BATCH = 50_000, 1536, 19, 128


def train(features, labels, rate, epochs):
    head = nn.Linear(WIDTH, CLASSES)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.SGD(
        head.parameters(), lr=rate * BATCH / 256, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    loss_of = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        order = torch.randperm(IMAGES)
        for rows in order.split(BATCH):
            loss = loss_of(head(features[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    if not torch.isfinite(head.weight).all():
        raise SystemExit("the probe left the finite numbers")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rates", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(0)
    features = torch.randn(IMAGES, WIDTH)
    labels = (torch.rand(IMAGES, CLASSES) < 0.15).float()
    train(features, labels, 0.1, 1)  # makes threads and buffers
    start, cpu_start = time.perf_counter(), time.process_time()
    for _ in range(args.rates):
        train(features, labels, 0.1, args.epochs)
    rows = IMAGES * args.epochs
    print(json.dumps({
        "items_per_second": rows / (time.perf_counter() - start),
        "cpu_ms_per_item": 1000 * (time.process_time() - cpu_start) / rows}))


if __name__ == "__main__":
    main()
