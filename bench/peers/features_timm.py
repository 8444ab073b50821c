"""Features of vit_small/16 at 224 px with timm: bench/eval/features_bench.cpp.

CLS tokens of the last four blocks, normed, and the last block's mean patch.
Prints one JSON object.
"""
import json
import time

import timm
import torch

BATCH = 32
ROUNDS = 3


def features(network, images):
    layers = network.get_intermediate_layers(
        images, n=4, return_prefix_tokens=True, norm=True)
    parts = [prefix[:, 0] for _, prefix in layers]
    return torch.cat([*parts, layers[-1][0].mean(1)], 1)


def main():
    network = timm.create_model(
        "vit_small_patch16_224", num_classes=0, pretrained=False).eval()
    images = torch.randn(BATCH, 3, 224, 224)
    with torch.inference_mode():
        assert features(network, images).shape == (BATCH, 5 * 384)
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(ROUNDS):
            features(network, images)
        seconds = time.perf_counter() - start
        cpu_s = time.process_time() - cpu_start
    count = ROUNDS * BATCH
    print(json.dumps({"items_per_second": count / seconds,
                      "cpu_ms_per_item": 1000 * cpu_s / count}))


if __name__ == "__main__":
    main()
