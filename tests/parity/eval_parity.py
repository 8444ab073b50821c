"""Metrics, k-NN and linear probe against scikit-learn and plain torch.

    eval_parity.py PROGRAM           compares; ends 1 where they differ
    eval_parity.py PROGRAM --time    seconds of large cases beside torch's
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

FAILURES = []


def check(name, difference, tolerance):
    verdict = "ok" if difference <= tolerance else "DIFFERS"
    print(f"{name:44} {difference:10.3e}  (<= {tolerance:.0e})  {verdict}")
    if not difference <= tolerance:
        FAILURES.append(name)


def make_cases():
    rng = np.random.default_rng(0)
    labels = (rng.random((5000, 19)) < rng.uniform(0.005, 0.5, 19)).astype(np.uint8)
    labels[:, 7] = 0  # a class without positives
    scores = rng.random((5000, 19)) + 0.3 * labels
    scores[:, :5] = scores[:, :5].round(2)  # many ties
    torch.manual_seed(0)
    single = torch.randint(0, 10, (3000,))
    centres = torch.randn(10, 64)
    features = centres[single] + 2 * torch.randn(3000, 64)
    single = torch.nn.functional.one_hot(single, 10).to(torch.uint8)
    multi = (torch.rand(3000, 10) < 0.2).to(torch.uint8) | single
    return {
        "labels": torch.from_numpy(labels),
        "scores": torch.from_numpy(scores),
        "train": features[:2000].contiguous(),
        "test": features[2000:].contiguous(),
        "train_single": single[:2000].contiguous(),
        "test_single": single[2000:].contiguous(),
        "train_multi": multi[:2000].contiguous(),
        "test_multi": multi[2000:].contiguous(),
    }


def compare_metrics(cases, ours):
    labels = cases["labels"].numpy()
    scores = cases["scores"].numpy()
    present = labels.any(axis=0)
    per_class = average_precision_score(
        labels[:, present], scores[:, present], average=None)
    found = ours["ap_per_class"].numpy()
    check("AP per class, scikit-learn", np.abs(found[present] - per_class).max(), 1e-9)
    check("AP of a class without positives is left out", abs(found[7] + 1), 0)
    check("AP macro", abs(ours["ap_macro"].item() - per_class.mean()), 1e-9)
    micro = average_precision_score(labels.ravel(), scores.ravel())
    check("AP micro over the whole set", abs(ours["ap_micro"].item() - micro), 1e-9)
    predicted = scores >= ours["thresholds"].numpy()
    check("F1 micro", abs(
        ours["f1_micro"].item() - f1_score(labels, predicted, average="micro")), 1e-12)
    macro = f1_score(labels[:, present], predicted[:, present], average="macro")
    check("F1 macro", abs(ours["f1_macro"].item() - macro), 1e-12)
    together = labels.astype(np.int64).T @ predicted.astype(np.int64)
    check("co-occurrences", np.abs(ours["co_occurrences"].numpy() - together).max(), 0)
    precision, recall, _ = precision_recall_curve(labels[:, 1], scores[:, 1])
    theirs = np.stack([recall, precision], 1)
    found = np.stack([ours["pr_recall"].numpy(), ours["pr_precision"].numpy()], 1)
    check("points of the curve are scikit-learn's",
          np.abs(found[:, None] - theirs[None]).max(2).min(1).max(), 1e-12)
    check("points of the curve are at most 50", max(0, len(found) - 50), 0)
    best = 0.0
    for c in np.flatnonzero(present)[:5]:
        top = max(
            f1_score(labels[:, c], scores[:, c] >= t) for t in np.unique(scores[:, c])[::3])
        best = max(best, top - f1_score(labels[:, c], predicted[:, c]))
    check("no threshold has a better F1", best, 1e-12)


def torch_knn(train, labels, test, k):
    """The reference's knn_classifier, with class scores kept."""
    train = torch.nn.functional.normalize(train, dim=1)
    test = torch.nn.functional.normalize(test, dim=1)
    similarity, index = (test @ train.T).topk(k, dim=1)
    return torch_votes(similarity, index, labels)


def torch_votes(similarity, index, labels):
    weight = (similarity.double() / 0.07).exp()
    votes = (labels.double()[index] * weight.unsqueeze(2)).sum(1)
    return votes / weight.sum(1, keepdim=True)


def compare_knn(cases, ours):
    """In float64, but for images whose k-th nearest float32 cannot tell."""
    train = torch.nn.functional.normalize(cases["train"], dim=1).double()
    test = torch.nn.functional.normalize(cases["test"], dim=1).double()
    for kind in ("single", "multi"):
        labels = cases["train_" + kind]
        for k in (10, 20, 100, 200):
            similarity, index = (test @ train.T).topk(k + 1, dim=1)
            clear = similarity[:, k - 1] - similarity[:, k] > 1e-6
            theirs = torch_votes(similarity[:, :k], index[:, :k], labels)
            found = ours[f"knn_{kind}_{k}"]
            check(f"k-NN scores, {kind}-label, k {k}",
                  (theirs - found)[clear].abs().max().item(), 2e-5)
            check(f"images that float32 cannot tell, k {k}",
                  1 - clear.double().mean().item(), 0.01)
        if kind == "single":
            accuracy = lambda s: (
                s.argmax(1) == cases["test_single"].argmax(1)).double().mean()
            check("k-NN top-1", abs(accuracy(theirs) - accuracy(found)).item(), 0)


def train_torch_probe(features, labels, kind, weight, bias, lr, epochs):
    layer = torch.nn.Linear(features.shape[1], labels.shape[1]).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    batch = features.shape[0]
    optimizer = torch.optim.SGD(layer.parameters(), lr * batch / 256, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs, eta_min=0)
    for _ in range(epochs):
        logits = layer(features.double())
        if kind == "single":
            loss = torch.nn.functional.cross_entropy(logits, labels.argmax(1))
        else:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, labels.double())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return layer


def compare_probe(cases, ours):
    features = cases["train"]
    width = features.shape[1]
    ranges = {"all": (0, width, 0), "part": (2, width - 2, 3)}
    for kind in ("single", "multi"):
        for name, (begin, end, first) in ranges.items():
            start = f"probe_{kind}_{first}"
            for step, lr in ((1, 0.01), (2, 0.1)):
                key = f"probe_{kind}_{first + step}"
                layer = train_torch_probe(
                    features[:, begin:end], cases["train_" + kind], kind,
                    ours[start + "_weight"], ours[start + "_bias"], lr, 8)
                scale = layer.weight.abs().max().item()
                check(f"probe weights, {kind}-label, {name}, lr {lr}",
                      (layer.weight - ours[key + "_weight"]).abs().max().item() / scale,
                      1e-4)
            deviation = ours[start + "_weight"].std().item()
            check(f"first weights' deviation, {kind}, {name}",
                  abs(deviation / 0.01 - 1), 0.1)


def time_torch():
    torch.manual_seed(0)
    train, test = torch.randn(50000, 384), torch.randn(10000, 384)
    labels = (torch.rand(50000, 19) < 0.15).to(torch.uint8)
    start = time.perf_counter()
    for begin in range(0, 10000, 512):
        torch_knn(train, labels, test[begin:begin + 512], 200)
    knn = time.perf_counter() - start
    features = torch.randn(50000, 1536)
    target = labels.float()
    layer = torch.nn.Linear(1536, 19)
    optimizer = torch.optim.SGD(layer.parameters(), 0.05, momentum=0.9)
    start = time.perf_counter()
    for rows in torch.randperm(50000).split(128):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            layer(features[rows]), target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {"knn_s": knn, "probe_epoch_s": time.perf_counter() - start}


def main():
    program = sys.argv[1]
    if "--time" in sys.argv:
        ours = json.loads(subprocess.run(
            [program, "time"], check=True, capture_output=True, text=True).stdout)
        print("nadir", ours)
        print("torch", time_torch())
        return 0
    cases = make_cases()
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "in.safetensors"
        outputs = Path(folder) / "out.safetensors"
        save_file(cases, inputs)
        subprocess.run([program, inputs, outputs], check=True)
        ours = load_file(outputs)
    compare_metrics(cases, ours)
    compare_knn(cases, ours)
    compare_probe(cases, ours)
    if FAILURES:
        print(f"{len(FAILURES)} of the comparisons differ: {', '.join(FAILURES)}")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
