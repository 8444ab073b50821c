"""DINO in plain PyTorch, written from its definition for parity tests.

Weights are plain dictionaries with the names of the published checkpoints;
functions take them as arguments, so that autograd works on leaf tensors.
"""

import math

import torch
import torch.nn.functional as F

SHAPES = {  # dim, heads, depth
    "vit_nano": (128, 2, 6),
    "vit_tiny": (192, 3, 12),
    "vit_small": (384, 6, 12),
}


def make_backbone(arch, patch_size, image_size, generator, std=0.05):
    """Random weights with every bias and norm away from 0 and 1."""
    dim, _, depth = SHAPES[arch]

    def draw(*shape, mean=0.0):
        return mean + std * torch.randn(*shape, generator=generator)

    weights = {
        "cls_token": draw(1, 1, dim),
        "pos_embed": draw(1, 1 + (image_size // patch_size) ** 2, dim),
        "patch_embed.proj.weight": draw(dim, 3, patch_size, patch_size),
        "patch_embed.proj.bias": draw(dim),
    }
    for i in range(depth):
        for name, shape in {
            "attn.qkv": (3 * dim, dim),
            "attn.proj": (dim, dim),
            "mlp.fc1": (4 * dim, dim),
            "mlp.fc2": (dim, 4 * dim),
        }.items():
            weights[f"blocks.{i}.{name}.weight"] = draw(*shape)
            weights[f"blocks.{i}.{name}.bias"] = draw(shape[0])
        for name in ("norm1", "norm2"):
            weights[f"blocks.{i}.{name}.weight"] = draw(dim, mean=1.0)
            weights[f"blocks.{i}.{name}.bias"] = draw(dim)
    weights["norm.weight"] = draw(dim, mean=1.0)
    weights["norm.bias"] = draw(dim)
    return weights


def make_head(in_dim, out_dim, hidden, bottleneck, generator, std=0.05):
    sizes = [in_dim, hidden, hidden, bottleneck]
    weights = {}
    for layer, (before, after) in enumerate(zip(sizes, sizes[1:])):
        weights[f"mlp.{2 * layer}.weight"] = std * torch.randn(
            after, before, generator=generator)
        weights[f"mlp.{2 * layer}.bias"] = std * torch.randn(
            after, generator=generator)
    weights["last_layer.weight_g"] = torch.ones(out_dim, 1)
    weights["last_layer.weight_v"] = torch.randn(
        out_dim, bottleneck, generator=generator) / 16
    return weights


def interpolated_positions(pos_embed, rows, cols):
    side = math.isqrt(pos_embed.shape[1] - 1)
    if rows * cols == side * side and rows == cols:
        return pos_embed
    grid = pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(
        grid,
        scale_factor=((rows + 0.1) / side, (cols + 0.1) / side),
        mode="bicubic",
    )
    assert grid.shape[-2:] == (rows, cols)
    grid = grid.permute(0, 2, 3, 1).reshape(1, rows * cols, -1)
    return torch.cat([pos_embed[:, :1], grid], 1)


def block_inputs(weights, arch, images, drop_path=None):
    """The tokens before each block, and those after the last.

    drop_path: factors of both branches by block and image, [L, 2, B]."""
    dim, heads, depth = SHAPES[arch]
    patch = weights["patch_embed.proj.weight"].shape[-1]
    x = F.conv2d(
        images,
        weights["patch_embed.proj.weight"],
        weights["patch_embed.proj.bias"],
        stride=patch,
    )
    rows, cols = x.shape[-2:]
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([weights["cls_token"].expand(len(x), -1, -1), x], 1)
    x = x + interpolated_positions(weights["pos_embed"], rows, cols)
    states = [x]
    if drop_path is None:
        drop_path = torch.ones(depth, 2, len(x))
    for i in range(depth):
        def get(name):
            return (weights[f"blocks.{i}.{name}.weight"],
                    weights[f"blocks.{i}.{name}.bias"])

        y = F.layer_norm(x, (dim,), *get("norm1"), eps=1e-6)
        weights_qk, v = attention_parts(y, get("attn.qkv"), heads)
        y = (weights_qk @ v).transpose(1, 2).reshape(x.shape)
        x = x + drop_path[i, 0, :, None, None] * F.linear(
            y, *get("attn.proj"))
        y = F.layer_norm(x, (dim,), *get("norm2"), eps=1e-6)
        y = F.gelu(F.linear(y, *get("mlp.fc1")))
        x = x + drop_path[i, 1, :, None, None] * F.linear(
            y, *get("mlp.fc2"))
        states.append(x)
    return states


def attention_parts(x, qkv, heads):
    b, n, d = x.shape
    q, k, v = F.linear(x, *qkv).reshape(b, n, 3, heads, d // heads).permute(
        2, 0, 3, 1, 4)
    scores = q @ k.transpose(-2, -1) * (d // heads) ** -0.5
    return scores.softmax(-1), v


def final_norm(weights, x):
    return F.layer_norm(
        x, x.shape[-1:], weights["norm.weight"], weights["norm.bias"],
        eps=1e-6)


def backbone(weights, arch, images, drop_path=None):
    states = block_inputs(weights, arch, images, drop_path)
    return final_norm(weights, states[-1][:, 0])


def last_attention(weights, arch, images):
    dim, heads, depth = SHAPES[arch]
    x = block_inputs(weights, arch, images)[-2]
    block = f"blocks.{depth - 1}."
    x = F.layer_norm(x, (dim,), weights[block + "norm1.weight"],
                     weights[block + "norm1.bias"], eps=1e-6)
    qkv = (weights[block + "attn.qkv.weight"],
           weights[block + "attn.qkv.bias"])
    return attention_parts(x, qkv, heads)[0]


def head(weights, x):
    for layer in (0, 2, 4):
        x = F.linear(x, weights[f"mlp.{layer}.weight"],
                     weights[f"mlp.{layer}.bias"])
        if layer < 4:
            x = F.gelu(x)
    x = F.normalize(x, dim=-1, eps=1e-12)
    v = weights["last_layer.weight_v"]
    weight = weights["last_layer.weight_g"] * v / v.norm(dim=1, keepdim=True)
    return F.linear(x, weight)


def part(weights, prefix):
    return {k[len(prefix):]: v for k, v in weights.items()
            if k.startswith(prefix)}


def multi_crop(weights, arch, groups, drop_paths=None):
    """Logits of all views, image index running fastest."""
    features = [
        backbone(part(weights, "backbone."), arch, group, drop_path)
        for group, drop_path in zip(groups, drop_paths or [None] * len(groups))]
    return head(part(weights, "head."), torch.cat(features))


def loss(student, teacher, center, teacher_temp, student_temp=0.1):
    """student: list of [B, K] logits by view; teacher likewise."""
    total, pairs = 0, 0
    for g, t in enumerate(teacher):
        q = F.softmax((t - center) / teacher_temp, dim=-1).detach()
        for v, s in enumerate(student):
            if v == g:
                continue
            total = total + torch.sum(
                -q * F.log_softmax(s / student_temp, dim=-1), dim=-1).mean()
            pairs += 1
    return total / pairs


def cosine_schedule(base, final, num_steps, warmup_steps=0):
    import numpy as np

    warm = np.linspace(0, base, warmup_steps)
    i = np.arange(num_steps - warmup_steps)
    rest = final + 0.5 * (base - final) * (
        1 + np.cos(np.pi * i / max(len(i), 1)))
    return np.concatenate([warm, rest])
