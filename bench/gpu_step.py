"""A pretraining step and features on a GPU, nadir and PyTorch by turns.

    bench/gpu_step.py NADIR [--rounds 5] [--batch 64] [--no-compile]

ViT-S/16, 2 x 224 + 8 x 96 px, 65,536 prototypes, bfloat16, views from pinned
memory: `nadir bench --device cuda` beside bench/peers/dino_step_torch.py eager,
tuned, and tuned and compiled; features of timm's network beside ours, batch 256.
PyTorch stays in this process, so that what it compiles is compiled once; each
round runs every peer, then the program. Prints medians, and the medians of the
rounds' ratios. Needs torch with CUDA, and timm.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))

import dino_step_torch  # noqa: E402
import features_timm  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402

STEPS = 30
FEATURE_BATCH = 256
FEATURE_ROUNDS = 20


def make_peers(batch, is_compiled):
    def trainer(is_tuned, compiled):
        return dino_step_torch.Trainer(
            "vit_small_16", False, is_tuned, compiled, True, "cuda", batch)

    peers = {"eager": trainer(False, False), "tuned": trainer(True, False)}
    if is_compiled:
        peers["compiled"] = trainer(True, True)
    for peer in peers.values():
        for i in range(4):
            peer.step(i)
    return peers


def images_per_s(trainer):
    torch.cuda.synchronize()
    start = time.perf_counter()
    for i in range(STEPS):
        trainer.step(i)
    torch.cuda.synchronize()
    return STEPS * trainer.batch / (time.perf_counter() - start)


def features_per_s(network, images):
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
        features_timm.features(network, images).cpu()
        start = time.perf_counter()
        for _ in range(FEATURE_ROUNDS):
            features_timm.features(network, images).cpu()
    return FEATURE_ROUNDS * len(images) / (time.perf_counter() - start)


def our_rates(program):
    text = subprocess.run(
        [program, "bench", "--device", "cuda", "--quiet", "--json", "--only",
         "step_small_bf16,features_bf16"],
        check=True, capture_output=True, text=True).stdout
    return {row["name"]: row["rate"] for row in json.loads(text)["rows"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    peers = make_peers(args.batch, not args.no_compile)
    network = timm.create_model(
        "vit_small_patch16_224", num_classes=0, pretrained=False).eval().cuda()
    images = torch.randn(FEATURE_BATCH, 3, 224, 224, device="cuda")
    rounds = []
    for i in range(args.rounds):
        rates = {name: images_per_s(peer) for name, peer in peers.items()}
        rates["timm"] = features_per_s(network, images)
        rates.update(our_rates(args.program))
        rounds.append(rates)
        print(f"round {i + 1}:", ", ".join(
            f"{name} {rate:.0f}" for name, rate in rates.items()), flush=True)
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, "
          f"medians of {args.rounds} rounds, images/s, bfloat16")
    for name in rounds[0]:
        values = [rates[name] for rates in rounds]
        line = (f"  {name}: {statistics.median(values):.0f} "
                f"({min(values):.0f} to {max(values):.0f})")
        if not name.endswith("_bf16"):
            ours = "features_bf16" if name == "timm" else "step_small_bf16"
            line += "; nadir {:.2f} of it".format(statistics.median(
                rates[ours] / rates[name] for rates in rounds))
        print(line)


if __name__ == "__main__":
    main()
