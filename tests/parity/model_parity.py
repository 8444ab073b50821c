"""Backbone and head against timm and a PyTorch version of the definition."""

import sys

import timm
import torch

import dino_reference as dino
from probe import Score, run_probe

PROGRAM = sys.argv[1]
# float32 through twelve blocks, against the largest value of each tensor.
TOLERANCE = 2e-5


def backbone_of(arch, patch_size, images, weights):
    return run_probe(
        PROGRAM, "backbone", weights | {"images": images},
        {"arch": arch, "patch_size": patch_size, "image_size": 224})


def compare_with_timm(score, arch, patch_size, generator):
    dim, heads, depth = dino.SHAPES[arch]
    network = timm.models.vision_transformer.VisionTransformer(
        img_size=224, patch_size=patch_size, embed_dim=dim, depth=depth,
        num_heads=heads, num_classes=0).eval()
    weights = dino.make_backbone(arch, patch_size, 224, generator)
    network.load_state_dict(weights)  # strict: the names are timm's
    images = torch.randn(1, 3, 224, 224, generator=generator)
    with torch.no_grad():
        expected = network.forward_features(images)
    ours = backbone_of(arch, patch_size, images, weights)
    name = f"{arch}/{patch_size} at 224 px, timm"
    score.check(f"{name}: tokens", ours["tokens"], expected, TOLERANCE)
    score.check(f"{name}: class token", ours["cls"], expected[:, 0], TOLERANCE)


def compare_with_definition(score, arch, patch_size, size, generator):
    weights = dino.make_backbone(arch, patch_size, 224, generator)
    images = torch.randn(2, 3, *size, generator=generator)
    with torch.no_grad():
        states = dino.block_inputs(weights, arch, images)
        attention = dino.last_attention(weights, arch, images)
    ours = backbone_of(arch, patch_size, images, weights)
    name = f"{arch}/{patch_size} at {size[0]} x {size[1]} px"
    score.check(f"{name}: class token", ours["cls"],
                dino.final_norm(weights, states[-1][:, 0]), TOLERANCE)
    for i in range(4):
        score.check(f"{name}: block {i - 4}", ours[f"block.{i}"],
                    dino.final_norm(weights, states[i - 4]), TOLERANCE)
    score.check(f"{name}: attention", ours["attention"], attention, TOLERANCE)


def compare_published_names(score):
    network = timm.create_model(
        "vit_small_patch16_224.dino", pretrained=False, num_classes=0)
    weights = network.state_dict()
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        expected = network.eval()(images)
    ours = backbone_of("vit_small", 16, images, weights)
    score.check("vit_small_patch16_224.dino, timm: output", ours["cls"],
                expected, TOLERANCE)


def compare_head(score, norm_last_layer, generator):
    weights = dino.make_head(192, 1000, 256, 64, generator)
    if not norm_last_layer:
        weights["last_layer.weight_g"] = 0.5 + torch.rand(
            1000, 1, generator=generator)
    features = torch.randn(20, 192, generator=generator)
    grad = torch.randn(20, 1000, generator=generator)
    ours = run_probe(
        PROGRAM, "head",
        weights | {"features": features, "grad_logits": grad},
        {"out_dim": 1000, "hidden": 256, "bottleneck": 64,
         "norm_last_layer": int(norm_last_layer)})
    leaves = {k: v.clone().requires_grad_() for k, v in weights.items()}
    features.requires_grad_()
    logits = dino.head(leaves, features)
    logits.backward(grad)
    name = f"head, norm_last_layer {norm_last_layer}"
    score.check(f"{name}: logits", ours["logits"], logits, TOLERANCE)
    score.check(f"{name}: features' gradient", ours["grad.features"],
                features.grad, TOLERANCE)
    for key, leaf in leaves.items():
        if norm_last_layer and key == "last_layer.weight_g":
            assert "grad." + key not in ours, "the magnitudes are not frozen"
            continue
        score.check(f"{name}: gradient of {key}", ours["grad." + key],
                    leaf.grad, TOLERANCE)


def main():
    generator = torch.Generator().manual_seed(1)
    score = Score()
    compare_published_names(score)
    for arch in ("vit_tiny", "vit_small"):
        for patch_size in (16, 8):
            compare_with_timm(score, arch, patch_size, generator)
            compare_with_definition(
                score, arch, patch_size, (96, 96), generator)
    compare_with_definition(score, "vit_tiny", 16, (64, 160), generator)
    compare_head(score, True, generator)
    compare_head(score, False, generator)
    score.finish()


main()
