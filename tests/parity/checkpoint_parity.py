"""Files of torch.save and safetensors against the checkpoint room.

    checkpoint_parity.py PROBE

PROBE is checkpoint_probe. Every comparison is exact: same names, types, shapes
and bits. Ends non-zero with the first difference.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import safetensors.torch
import timm
import torch

PROBE = sys.argv[1]


def run(*args, ok=True):
    done = subprocess.run(
        [PROBE, *map(str, args)], capture_output=True, text=True
    )
    if ok and done.returncode != 0:
        sys.exit(f"{args}: {done.stderr}")
    return done


def same(name, ours, theirs):
    if ours.keys() != theirs.keys():
        sys.exit(f"{name}: names differ: {ours.keys() ^ theirs.keys()}")
    for key, want in theirs.items():
        got = ours[key]
        if got.dtype != want.dtype or got.shape != want.shape:
            sys.exit(f"{name}: {key} is {got.dtype} {tuple(got.shape)}, "
                     f"want {want.dtype} {tuple(want.shape)}")
        bits = torch.uint8
        if not torch.equal(got.contiguous().reshape(-1).view(bits),
                           want.contiguous().reshape(-1).view(bits)):
            sys.exit(f"{name}: {key} differs in value")
    print(f"{name}: {len(theirs)} tensors equal to the bit")


def tensors_of_every_type():
    torch.manual_seed(0)
    tensors = {}
    for dtype in [
        torch.float64, torch.float32, torch.float16, torch.bfloat16,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
        torch.bool, torch.uint16, torch.uint32, torch.uint64,
        torch.float8_e4m3fn, torch.float8_e5m2,
    ]:
        tensors[str(dtype)] = (torch.randn(3, 5).abs() * 40).to(dtype)
    tensors["scalar"] = torch.tensor(3.5)
    tensors["empty"] = torch.empty(0, 7)
    return tensors


def check_safetensors(folder):
    tensors = tensors_of_every_type()
    theirs = folder / "theirs.safetensors"
    ours = folder / "ours.safetensors"
    safetensors.torch.save_file(tensors, theirs, metadata={"format": "pt"})
    run("copy-safetensors", theirs, ours)
    same("safetensors both ways", safetensors.torch.load_file(ours), tensors)
    with safetensors.safe_open(ours, "pt") as file:
        if file.metadata() != {"format": "pt"}:
            sys.exit(f"metadata became {file.metadata()}")


def check_torch_save(folder):
    base = torch.arange(60.0).reshape(3, 4, 5)
    tensors = tensors_of_every_type() | {
        "whole": base,
        "transposed": base.permute(2, 0, 1),
        "sliced": base[1:, ::2, 1:4],
        "row": base[1, 2],
        "expanded": torch.ones(1, 4).expand(3, 4),
        "tied": base,
    }
    for protocol in (2, 3, 4, 5):
        path = folder / f"types{protocol}.pth"
        out = folder / "types.safetensors"
        torch.save(tensors, path, pickle_protocol=protocol)
        run("pth-to-safetensors", path, out)
        same(f"torch.save, protocol {protocol}",
             safetensors.torch.load_file(out), tensors)

    parameter = torch.nn.Parameter(torch.randn(4, 4))
    nested = {"a": {"weight": parameter, "buffer": torch.ones(2)}}
    torch.save(nested, folder / "nested.pth")
    run("pth-to-safetensors", folder / "nested.pth", folder / "n.safetensors")
    same("parameters", safetensors.torch.load_file(folder / "n.safetensors"),
         {"a/weight": parameter.data, "a/buffer": torch.ones(2)})


def check_full_checkpoint(folder):
    """The file that the reference program writes each epoch."""
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0)
    head = torch.nn.utils.weight_norm(torch.nn.Linear(8, 16, bias=False))
    student = collections.OrderedDict(
        [(f"module.backbone.{k}", v) for k, v in network.state_dict().items()]
        + [(f"module.head.last_layer.{k}", v)
           for k, v in head.state_dict().items()])
    teacher = collections.OrderedDict(
        (k.removeprefix("module."), v) for k, v in student.items())
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.randn(1, 3, 224, 224)).sum().backward()
    for group in optimizer.param_groups:
        group["lr"] = np.float64(5e-4)
        group["weight_decay"] = np.linspace(0.04, 0.4, 5)[1]
    optimizer.step()
    args = argparse.Namespace(
        arch="vit_tiny", patch_size=16, lr=5e-4, use_fp16=True,
        local_crops_scale=(0.05, 0.4), data_path="/data", dist_url="env://",
        output_dir=pathlib.PosixPath("out"), seed=None, float32=np.float32(2.5),
        big=np.int64(-7))
    path = folder / "checkpoint.pth"
    torch.save({
        "student": student, "teacher": teacher,
        "optimizer": optimizer.state_dict(), "epoch": 20, "args": args,
        "dino_loss": {"center": torch.randn(1, 16)},
        "fp16_scaler": {"scale": 65536.0, "_growth_tracker": 0},
    }, path)
    out = folder / "full.safetensors"
    run("pth-to-safetensors", path, out)
    ours = safetensors.torch.load_file(out)
    same("reference checkpoint, teacher",
         {k[8:]: v for k, v in ours.items() if k.startswith("teacher/")},
         teacher)
    same("reference checkpoint, student",
         {k[8:]: v for k, v in ours.items() if k.startswith("student/")},
         student)
    data = json.loads(run("pth-to-json", path).stdout)
    want = vars(args) | {"output_dir": None, "local_crops_scale": [0.05, 0.4],
                         "float32": 2.5, "big": -7}
    group = data["optimizer"]["param_groups"][0]
    if (data["args"] != want or data["epoch"] != 20
            or group["lr"] != 5e-4 or group["weight_decay"] != 0.13):
        sys.exit(f"plain data differ: {data['args']} {group}")
    print("reference checkpoint: arguments and NumPy scalars equal")


def check_written(folder):
    network = timm.create_model("vit_small_patch16_224.dino", num_classes=0)
    state = {k: v.contiguous() for k, v in network.state_dict().items()}
    source = folder / "backbone.safetensors"
    safetensors.torch.save_file(state, source)
    flat = folder / "backbone.pth"
    run("write-pth", source, flat)
    for weights_only in (True, False):
        loaded = torch.load(flat, weights_only=weights_only)
        if list(loaded) != list(state):
            sys.exit("the order of the keys differs from the network's")
        same(f"torch.load of our backbone, weights_only={weights_only}",
             loaded, state)
    print(network.load_state_dict(torch.load(flat), strict=True))

    both = {f"backbone.{k}": v for k, v in state.items()}
    both["head.last_layer.weight_g"] = torch.ones(8, 1)
    safetensors.torch.save_file(both, source)
    full = folder / "full.pth"
    run("write-full-pth", source, full)
    for weights_only in (True, False):
        loaded = torch.load(full, weights_only=weights_only)
        same(f"torch.load of our full file, weights_only={weights_only}",
             loaded["student"], {f"module.{k}": v for k, v in both.items()})
        same("its teacher", loaded["teacher"], both)
        if (loaded["epoch"], loaded["args"]) != (
                12, {"arch": "vit_tiny", "lr": 0.0005}):
            sys.exit(f"{loaded['epoch']} {loaded['args']}")


def check_refusals(folder):
    class Foreign:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"a": Foreign()}, folder / "foreign.pth")
    done = run("pth-to-json", folder / "foreign.pth", ok=False)
    if done.returncode != 2 or "print" not in done.stderr or done.stdout:
        sys.exit(f"a foreign object was not refused: {done}")
    torch.save({"a": torch.ones(2)}, folder / "old.pth",
               _use_new_zipfile_serialization=False)
    done = run("pth-to-json", folder / "old.pth", ok=False)
    if done.returncode != 2 or "before 1.6" not in done.stderr:
        sys.exit(f"an old file was not refused: {done}")
    print("foreign objects and old files are refused")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    check_safetensors(folder)
    check_torch_save(folder)
    check_full_checkpoint(folder)
    check_written(folder)
    check_refusals(folder)
