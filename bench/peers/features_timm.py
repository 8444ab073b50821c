"""Features of vit_small/16 at 224 px with timm: bench/eval/features_bench.cpp.

CLS tokens of the last four blocks, normed, and the last block's mean patch.
With --device cuda the images lie there, with --bf16 under autocast. Prints one
JSON object.
"""
import argparse
import json
import time

import timm
import torch

ROUNDS = {"cpu": 3, "cuda": 20}


def features(network, images):
    layers = network.get_intermediate_layers(
        images, n=4, return_prefix_tokens=True, norm=True)
    parts = [prefix[:, 0] for _, prefix in layers]
    return torch.cat([*parts, layers[-1][0].mean(1)], 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=ROUNDS, default="cpu")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    rounds, batch = ROUNDS[args.device], args.batch
    network = timm.create_model(
        "vit_small_patch16_224", num_classes=0, pretrained=False).eval()
    network.to(args.device)
    images = torch.randn(batch, 3, 224, 224).to(args.device)
    autocast = torch.autocast(args.device, torch.bfloat16, enabled=args.bf16)
    with torch.inference_mode(), autocast:
        assert features(network, images).shape == (batch, 5 * 384)
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(rounds):
            features(network, images).cpu()
        seconds = time.perf_counter() - start
        cpu_s = time.process_time() - cpu_start
    count = rounds * batch
    print(json.dumps({"items_per_second": count / seconds,
                      "cpu_ms_per_item": 1000 * cpu_s / count}))


if __name__ == "__main__":
    main()
