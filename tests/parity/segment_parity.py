"""Counts of pixels against scikit-learn, segmentation heads against torch.

    segment_parity.py PROGRAM           compares; ends 1 where they differ
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score

FAILURES = []
NUM_CLASSES = 5
IGNORED = 255
RATES = (1e-30, 0.003, 0.03)
EPOCHS = 6


def check(name, difference, tolerance):
    verdict = "ok" if difference <= tolerance else "DIFFERS"
    print(f"{name:52} {difference:10.3e}  (<= {tolerance:.0e})  {verdict}")
    if not difference <= tolerance:
        FAILURES.append(name)


def make_cases():
    rng = np.random.default_rng(0)
    truth = rng.choice([0, 1, 2, 4, IGNORED], 200_000, p=[0.5, 0.3, 0.1, 0.05, 0.05])
    predicted = np.where(
        rng.random(truth.size) < 0.6, np.minimum(truth, 4),
        rng.integers(0, NUM_CLASSES, truth.size))
    torch.manual_seed(0)
    labels = torch.randint(0, NUM_CLASSES, (6, 4, 4)).repeat_interleave(8, 1)
    labels = labels.repeat_interleave(8, 2).to(torch.uint8)
    tokens = torch.randn(6, 16, 12)
    tokens[:, :, 0] += labels[:, ::8, ::8].flatten(1)
    labels[:, :3] = IGNORED
    return {
        "truth": torch.from_numpy(truth.astype(np.uint8)),
        "predicted": torch.from_numpy(predicted.astype(np.uint8)),
        "tokens": 3 * tokens + 1,
        "labels": labels.contiguous(),
    }


def compare_scores(cases, ours):
    truth = cases["truth"].numpy()
    judged = truth != IGNORED
    truth = truth[judged]
    predicted = cases["predicted"].numpy()[judged]
    theirs = confusion_matrix(truth, predicted, labels=range(NUM_CLASSES))
    check("confusion matrix", np.abs(ours["confusion"].numpy() - theirs).max(), 0)
    present = np.unique(truth)
    iou = jaccard_score(truth, predicted, labels=present, average=None)
    check("IoU of the classes that occur",
          np.abs(ours["iou"].numpy()[present] - iou).max(), 1e-12)
    check("IoU of a class that does not is left out",
          abs(ours["iou"][3].item() + 1), 0)
    check("pixel accuracy",
          abs(ours["accuracy"].item() - accuracy_score(truth, predicted)), 1e-12)


class Linear(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = torch.nn.ParameterList(layers)

    def forward(self, maps):
        weight = self.layers[0][:, :, None, None]
        return torch.nn.functional.conv2d(maps, weight, self.layers[1])


class Conv(Linear):
    def forward(self, maps):
        pad = lambda x: torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
        conv = torch.nn.functional.conv2d
        maps = conv(pad(maps), self.layers[0], self.layers[1]).relu()
        maps = torch.nn.functional.interpolate(
            maps, scale_factor=2, mode="bilinear", align_corners=False)
        return conv(pad(maps), self.layers[2], self.layers[3])


def pixels_of(head, maps, side):
    return torch.nn.functional.interpolate(
        head(maps), size=(side, side), mode="bilinear", align_corners=False)


def train_torch_head(head, maps, labels, lr):
    optimizer = torch.optim.Adam(head.parameters(), lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, EPOCHS, eta_min=0)
    for _ in range(EPOCHS):
        loss = torch.nn.functional.cross_entropy(
            pixels_of(head, maps, labels.shape[1]), labels.long(),
            ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def compare_heads(cases, ours):
    tokens = cases["tokens"].double()
    flat = tokens.flatten(0, 1)
    maps = (tokens - flat.mean(0)) / flat.std(0, unbiased=False)
    maps = maps.view(6, 4, 4, 12).permute(0, 3, 1, 2)
    labels = cases["labels"]
    for kind, make, count in (("linear", Linear, 2), ("conv", Conv, 4)):
        for step in (1, 2):
            head = make([ours[f"{kind}_0_{i}"].double() for i in range(count)])
            train_torch_head(head, maps, labels, RATES[step])
            for i in range(count):
                found = ours[f"{kind}_{step}_{i}"]
                scale = head.layers[i].abs().max().item()
                check(f"{kind} head, layer {i}, lr {RATES[step]}",
                      (head.layers[i] - found).abs().max().item() / scale, 1e-5)
            with torch.no_grad():
                logits = pixels_of(head, maps, labels.shape[1])
            check(f"{kind} head, logits of pixels, lr {RATES[step]}",
                  (logits - ours[f"{kind}_{step}_logits"]).abs().max().item(), 1e-4)


def main():
    cases = make_cases()
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "in.safetensors"
        outputs = Path(folder) / "out.safetensors"
        save_file(cases, inputs)
        subprocess.run([sys.argv[1], inputs, outputs], check=True)
        ours = load_file(outputs)
    compare_scores(cases, ours)
    compare_heads(cases, ours)
    if FAILURES:
        print(f"{len(FAILURES)} of the comparisons differ: {', '.join(FAILURES)}")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
