"""Weighted k-NN of `nadir bench --only knn` in PyTorch.

    knn_torch.py [--queries 10000]

10,000 queries on 50,000 x 384 features: cosine similarities by blocks of 512
queries, topk, weights exp(s / 0.07), and for k = 10, 20, 100, 200 each class's
share of the weights. Prints one JSON object: queries a second, and CPU
milliseconds a query.
"""
import argparse
import json
import time

import torch

TRAIN, WIDTH, CLASSES, BLOCK = 50_000, 384, 19, 512
KS = (10, 20, 100, 200)


def votes(train, labels, test):
    train = torch.nn.functional.normalize(train)
    test = torch.nn.functional.normalize(test)
    shares = []
    for block in test.split(BLOCK):
        similarity, index = (block @ train.T).topk(max(KS))
        weight = (similarity / 0.07).exp()
        voted = (weight.unsqueeze(2) * labels[index]).cumsum(1)
        total = weight.cumsum(1)
        last = torch.tensor(KS) - 1
        shares.append(voted[:, last] / total[:, last].unsqueeze(2))
    return torch.cat(shares)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=10_000)
    args = parser.parse_args()
    torch.manual_seed(0)
    train = torch.randn(TRAIN, WIDTH)
    labels = (torch.rand(TRAIN, CLASSES) < 0.15).float()
    test = torch.randn(args.queries, WIDTH)
    with torch.inference_mode():
        votes(train, labels, test[:BLOCK])  # makes threads and buffers
        start, cpu_start = time.perf_counter(), time.process_time()
        shares = votes(train, labels, test)
        seconds = time.perf_counter() - start
        cpu_s = time.process_time() - cpu_start
    assert shares.shape == (args.queries, len(KS), CLASSES)
    assert 0.1 < shares.mean() < 0.2
    print(json.dumps({
        "items_per_second": args.queries / seconds,
        "cpu_ms_per_item": 1000 * cpu_s / args.queries}))


if __name__ == "__main__":
    main()
