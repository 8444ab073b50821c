"""Schedules against NumPy, optimisers against PyTorch's over ten steps."""

import sys

import numpy
import torch

import dino_reference as dino
from probe import Score, run_probe

PROGRAM = sys.argv[1]
SHAPES = {"weight": (64, 48), "bias": (64,), "pos_embed": (1, 17, 48)}


def compare_schedules(score):
    # 100 epochs of 526 steps at batch 512: the reference on BigEarthNet.
    for steps, warmup, batch in ((52600, 5260, 512), (37, 11, 64), (5, 0, 1)):
        ours = run_probe(PROGRAM, "schedules", {"none": torch.zeros(1)}, {
            "num_steps": steps, "warmup_steps": warmup,
            "global_batch": batch})
        for name, expected in {
            "lr": dino.cosine_schedule(
                0.0005 * batch / 256, 1e-6, steps, warmup),
            "weight_decay": dino.cosine_schedule(0.04, 0.4, steps),
            "momentum": dino.cosine_schedule(0.996, 1, steps),
            "teacher_temp": numpy.concatenate(
                [numpy.linspace(0.04, 0.07, 30), numpy.full(70, 0.07)]),
        }.items():
            score.check(f"schedule {name}, {steps} steps", ours[name],
                        torch.from_numpy(expected), 1e-14)


def lars_step(parameter, state, lr, weight_decay):
    """LARS as the reference program has it."""
    update = parameter.grad
    if parameter.ndim != 1:
        update = update + weight_decay * parameter
        update = update * (0.001 * parameter.norm() / update.norm())
    state.mul_(0.9).add_(update)
    parameter.sub_(lr * state)


def compare_optimizer(score, rule, lr, weight_decay, generator):
    steps = 10
    start = {k: torch.randn(*s, generator=generator)
             for k, s in SHAPES.items()}
    tensors = {"start." + k: v for k, v in start.items()}
    for step in range(steps):
        for key, shape in SHAPES.items():
            tensors[f"grad.{key}.{step}"] = torch.randn(
                *shape, generator=generator)
    ours = run_probe(PROGRAM, "optimizer", tensors, {
        "rule": rule, "num_steps": steps, "lr": lr,
        "weight_decay": weight_decay})
    leaves = {k: v.clone().requires_grad_() for k, v in start.items()}
    groups = [
        {"params": [leaves["weight"], leaves["pos_embed"]],
         "weight_decay": weight_decay},
        {"params": [leaves["bias"]], "weight_decay": 0.0}]
    if rule == "adamw":
        optimizer = torch.optim.AdamW(groups, lr=lr)
    elif rule == "sgd":
        optimizer = torch.optim.SGD(groups, lr=lr, momentum=0.9)
    momenta = {k: torch.zeros(s) for k, s in SHAPES.items()}
    for step in range(steps):
        for key, leaf in leaves.items():
            leaf.grad = tensors[f"grad.{key}.{step}"].clone()
        if rule == "lars":
            with torch.no_grad():
                for key, leaf in leaves.items():
                    lars_step(leaf, momenta[key], lr, weight_decay)
        else:
            optimizer.step()
    for key, leaf in leaves.items():
        score.check(f"{rule} over ten steps: {key}", ours[key], leaf, 1e-6)


def main():
    generator = torch.Generator().manual_seed(3)
    score = Score()
    compare_schedules(score)
    compare_optimizer(score, "adamw", 0.001, 0.1, generator)
    compare_optimizer(score, "sgd", 0.03, 1e-4, generator)
    compare_optimizer(score, "lars", 0.3, 1e-4, generator)
    score.finish()


main()
