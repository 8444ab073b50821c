"""Weights through `nadir import` and `nadir export` against timm and PyTorch.

    export_parity.py NADIR PROBE

PROBE is checkpoint_probe, which computes our features. Weights must come back
to the bit; features agree within 1e-5 of their largest value, as float32 sums
in another order do.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import safetensors.torch
import timm
import torch

NADIR, PROBE = sys.argv[1:3]
TOLERANCE = 1e-5


def run(program, *args, code=0):
    done = subprocess.run(
        [program, *map(str, args)], capture_output=True, text=True
    )
    if done.returncode != code:
        sys.exit(f"{args} ended {done.returncode}: {done.stdout}{done.stderr}")
    return done.stderr if code else done.stdout


def same_state(name, ours, theirs):
    if ours.keys() != theirs.keys():
        sys.exit(f"{name}: names differ: {ours.keys() ^ theirs.keys()}")
    for key in theirs:
        if not torch.equal(ours[key], theirs[key]):
            sys.exit(f"{name}: {key} differs")
    print(f"{name}: {len(theirs)} tensors equal to the bit")


def compare_features(name, folder, weights, network, size):
    images = torch.randn(2, network.patch_embed.proj.in_channels, size, size)
    source, out = folder / "images.safetensors", folder / "out.safetensors"
    safetensors.torch.save_file({"images": images}, source)
    run(PROBE, "features", weights, out, source)
    ours = safetensors.torch.load_file(out)["features"]
    with torch.no_grad():
        theirs = network.eval()(images)
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(f"{name}: features differ by {error:.1e} of the largest")
    if not error < TOLERANCE:
        sys.exit(1)


def randomise(network):
    """Trained networks have no zero biases and no unit norms."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(0.02 * torch.randn(tensor.shape, generator=generator))
    return network


def check_timm(folder, name, size, channels):
    network = randomise(timm.create_model(
        name, num_classes=0, img_size=size, in_chans=channels))
    state = {k: v.contiguous() for k, v in network.state_dict().items()}
    source = folder / "timm.safetensors"
    safetensors.torch.save_file(state, source)
    weights = folder / "weights"
    report = json.loads(
        run(NADIR, "import", source, "--out", weights, "--json"))
    if len(report["report"]["matched"]) != len(state):
        sys.exit(f"{name}: {report}")
    exported = folder / "exported.safetensors"
    result = json.loads(run(
        NADIR, "export", "--weights", weights, "--out", exported,
        "--format", "timm", "--json"))
    print(result["python"])
    loaded = eval(result["python"], {"timm": timm})  # as a user would paste it
    same_state(f"{name} at {size} px", loaded.state_dict(), state)
    compare_features(name, folder, weights, loaded, size)

    for form in ("dino-pth", "safetensors"):
        out = folder / ("out.pth" if form == "dino-pth"
                        else "again/model.safetensors")
        run(NADIR, "export", "--weights", weights, "--out", out,
            "--format", form)
        load = (torch.load if form == "dino-pth"
                else safetensors.torch.load_file)
        same_state(f"{name} as {form}", load(out), state)
    for path in folder.rglob("*.*"):
        path.unlink()


def check_dinov2(folder):
    network = randomise(timm.create_model(
        "vit_small_patch14_dinov2", num_classes=0, img_size=98))
    state = {k: v.contiguous() for k, v in network.state_dict().items()}
    state["mask_token"] = torch.zeros(1, 384)
    torch.save(state, folder / "dinov2.pth")
    weights = folder / "dinov2"
    report = json.loads(run(
        NADIR, "import", folder / "dinov2.pth", "--out", weights,
        "--json"))["report"]
    if len(report["folded"]) != 24 or report["dropped"] != ["mask_token"]:
        sys.exit(str(report))
    compare_features("DINOv2, LayerScale folded", folder, weights, network, 98)

    state["register_tokens"] = torch.zeros(1, 4, 384)
    torch.save(state, folder / "registers.pth")
    message = run(NADIR, "import", folder / "registers.pth", "--out",
                  folder / "none", code=2)
    if "register tokens" not in message:
        sys.exit(message)


def check_full(folder):
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0)
    tensors = {f"backbone.{k}": v for k, v in network.state_dict().items()}
    tensors["head.last_layer.weight_g"] = torch.ones(8, 1)
    source = folder / "full.safetensors"
    safetensors.torch.save_file(tensors, source)
    run(PROBE, "write-full-pth", source, folder / "full.pth")
    again = folder / "again.pth"
    run(NADIR, "export", "--weights", folder / "full.pth", "--out", again,
        "--format", "dino-full-pth")
    loaded = torch.load(again)
    same_state("full checkpoint, teacher", loaded["teacher"], tensors)
    same_state("full checkpoint, student", loaded["student"],
               {f"module.{k}": v for k, v in tensors.items()})
    flat = folder / "flat.pth"
    run(NADIR, "export", "--weights", again, "--out", flat, "--format",
        "dino-pth", "--checkpoint-key", "student")
    same_state("student alone", torch.load(flat), network.state_dict())
    message = run(NADIR, "export", "--weights", flat, "--out",
                  folder / "x.pth", "--format", "dino-full-pth", code=2)
    if "no full checkpoint" not in message:
        sys.exit(message)


torch.manual_seed(0)
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for arch, size, channels in [
        ("vit_small_patch16_224.dino", 224, 3),
        ("vit_small_patch8_224.dino", 64, 12),
        ("vit_base_patch16_224.dino", 96, 3),
        ("vit_tiny_patch16_224", 128, 4),
    ]:
        check_timm(folder, arch, size, channels)
    check_dinov2(folder)
    check_full(folder)
