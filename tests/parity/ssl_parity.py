"""The loss, its gradient, and whole training steps against PyTorch."""

import sys

import torch

import dino_reference as dino
from probe import Score, run_probe

PROGRAM = sys.argv[1]


def compare_loss(score, num_views, num_images, out_dim, generator):
    steps = 3
    tensors = {}
    for step in range(steps):
        for name, views in (("student", num_views), ("teacher", 2)):
            tensors[f"{name}.{step}"] = 0.2 * torch.randn(
                views, num_images, out_dim, generator=generator)
    ours = run_probe(PROGRAM, "loss", tensors, {
        "num_steps": steps, "out_dim": out_dim, "teacher_temp": 0.05})
    center = torch.zeros(1, out_dim)
    name = f"loss of {num_views} views, K {out_dim}"
    for step in range(steps):
        student = tensors[f"student.{step}"].clone().requires_grad_()
        teacher = tensors[f"teacher.{step}"]
        value = dino.loss(list(student), list(teacher), center, 0.05)
        value.backward()
        q = ((teacher - center) / 0.05).double().softmax(-1)
        entropy = -(q * q.log()).sum(-1).mean()
        mean = teacher.sum((0, 1))[None] / (2 * num_images)
        center = 0.9 * center + 0.1 * mean
        score.check(f"{name}, step {step}", ours[f"loss.{step}"], value, 2e-6)
        score.check(f"{name}, gradient {step}", ours[f"grad.{step}"],
                    student.grad, 1e-5)
        score.check(f"{name}, centre {step}", ours[f"center.{step}"], center,
                    1e-6)
        score.check(
            f"{name}, entropy and KL {step}", ours[f"entropy.{step}"],
            torch.stack([entropy, value.double() - entropy]), 1e-5)


def train_reference(tensors, settings, arch, rule):
    """Ten steps in the order of the reference's main program, on whole batches
    and with the stochastic depth that the tensors "drop_path.*" say."""
    steps, images = settings["num_steps"], settings["num_images"]
    student = {k: v.clone() for k, v in tensors.items()
               if k.startswith(("backbone.", "head."))}
    teacher = {k: v.clone() for k, v in student.items()}
    trained = [k for k in student if not k.endswith("weight_g")]
    for key in trained:
        student[key].requires_grad_()
    exempt = {k for k in trained
              if k.endswith(".bias") or student[k].ndim == 1}
    groups = [
        {"params": [student[k] for k in trained if k not in exempt]},
        {"params": [student[k] for k in trained if k in exempt],
         "weight_decay": 0.0}]
    if rule == "adamw":
        optimizer = torch.optim.AdamW(groups)
    else:
        optimizer = torch.optim.SGD(groups, lr=0, momentum=0.9)
    lr = dino.cosine_schedule(
        settings["lr"] * images / 256, 1e-6, steps, 3)
    decay = dino.cosine_schedule(0.04, 0.4, steps)
    momentum = dino.cosine_schedule(0.9, 1, steps)
    temp = torch.cat([torch.linspace(0.04, 0.07, 4, dtype=torch.double),
                      torch.full((steps - 4,), 0.07, dtype=torch.double)])
    center = torch.zeros(1, settings["out_dim"])
    losses = []
    for step in range(steps):
        for i, group in enumerate(optimizer.param_groups):
            group["lr"] = lr[step]
            if i == 0:
                group["weight_decay"] = decay[step]
        large, small = tensors[f"global.{step}"], tensors[f"local.{step}"]
        with torch.no_grad():
            targets = dino.multi_crop(teacher, arch, [large])
        logits = dino.multi_crop(
            student, arch, [large, small],
            [tensors[f"drop_path.global.{step}"],
             tensors[f"drop_path.local.{step}"]])
        value = dino.loss(logits.split(images), targets.split(images), center,
                          temp[step].item())
        center = 0.9 * center + 0.1 * targets.mean(0, keepdim=True)
        optimizer.zero_grad()
        value.backward()
        for key in trained:
            grad = student[key].grad
            factor = settings["clip_grad"] / (grad.norm() + 1e-6)
            if factor < 1:
                grad.mul_(factor)
            if step < settings["freeze_steps"] and "last_layer" in key:
                student[key].grad = None
        optimizer.step()
        with torch.no_grad():
            for key, weight in teacher.items():
                weight.mul_(momentum[step]).add_(
                    (1 - momentum[step]) * student[key].detach())
        losses.append(value.item())
    return torch.tensor(losses, dtype=torch.double), student, teacher, center


def compare_training(score, rule, lr, accumulate, generator):
    arch, images, steps = "vit_tiny", 4, 10
    settings = {
        "arch": arch, "patch_size": 16, "image_size": 112, "local_size": 48,
        "out_dim": 512, "hidden": 256, "bottleneck": 64, "norm_last_layer": 1,
        "drop_path_rate": 0.2, "rule": rule, "lr": lr, "clip_grad": 0.3,
        "freeze_steps": 3, "num_steps": steps, "num_images": images,
        "accumulate": accumulate}
    tensors = {}
    for prefix, weights in (
            ("backbone.", dino.make_backbone(
                arch, 16, 112, generator, std=0.02)),
            ("head.", dino.make_head(192, 512, 256, 64, generator))):
        tensors |= {prefix + k: v for k, v in weights.items()}
    for step in range(steps):
        for name, views, size in (("global", 2, 112), ("local", 8, 48)):
            tensors[f"{name}.{step}"] = torch.randn(
                views * images, 3, size, size, generator=generator)
    ours = run_probe(PROGRAM, "train", tensors, settings)
    drop_paths = {k: v for k, v in ours.items() if k.startswith("drop_path")}
    assert any((v == 0).any() for v in drop_paths.values()), "no depth dropped"
    losses, student, teacher, center = train_reference(
        tensors | drop_paths, settings, arch, rule)
    name = f"ten steps of {rule}, {accumulate} micro-batches"
    print("    step  ours        reference")
    for step in range(steps):
        print(f"    {step:4}  {ours['losses'][step]:.7f}  "
              f"{losses[step]:.7f}")
    score.check(f"{name}: losses", ours["losses"], losses, 1e-5)
    score.check(f"{name}: centre", ours["dino_loss.center"], center,
                1e-4)
    moved = max((student[k].detach() - tensors[k]).abs().max().item()
                for k in student)
    assert moved > 1e-4, "the reference did not train"
    # Adam divides by a root: where a gradient is almost 0, rounding decides
    # the sign of a step. Hence distances of whole networks, relative to how
    # far the student has moved.
    def flat(weights, prefix=""):
        return torch.cat([weights[prefix + k].detach().double().flatten()
                          for k in student])
    distance = (flat(student) - flat(tensors)).norm()
    for which, theirs in (("student", student), ("teacher", teacher)):
        error = (flat(ours, which + ".") - flat(theirs)).norm() / distance
        score.check(f"{name}: {which}'s weights over distance moved",
                    1 + error, torch.ones_like(error), 1e-2)


def main():
    generator = torch.Generator().manual_seed(2)
    score = Score()
    compare_loss(score, 10, 3, 4096, generator)
    compare_loss(score, 2, 2, 300, generator)
    compare_training(score, "adamw", 0.032, 1, generator)
    compare_training(score, "sgd", 2, 2, generator)
    score.finish()


main()
