"""One DINO step in PyTorch eager: what bench/train/dino_step_bench.cpp times.

    dino_step_torch.py --case vit_small_16 [--attention naive] [--tuned]
        [--compile] [--bf16] [--device cuda] [--batch 64]

Written from the algorithm (Caron et al. 2021, arXiv:2104.14294), with the
modules that users of PyTorch take: nn.Linear, nn.LayerNorm, nn.GELU,
weight_norm, torch.optim.AdamW with its defaults, a loop over parameters for
clipping and for the teacher. Attention is scaled_dot_product_attention, or with
`naive` products and softmax written out. With --tuned, what a careful user adds:
fused AdamW, clipping and the teacher by foreach operators, one log-softmax a view;
the allocator's settings are the environment's (compare.sh). --compile has both
networks compiled by torch.compile, --bf16 runs them under autocast. On a GPU
views come from pinned memory, as a DataLoader gives them, and clipping by
foreach operators needs no number on the host. Prints one JSON object.
"""
import argparse
import json
import math
import resource
import time
import warnings

import torch
import torch.nn.functional as F
from torch import nn

CASES = {  # arch, patch, global px, local px, prototypes, batch
    "vit_small_16": ("vit_small", 16, 224, 96, 65536, 8),
    "vit_small_16_batch_16": ("vit_small", 16, 224, 96, 65536, 16),
    "vit_tiny_16": ("vit_tiny", 16, 224, 96, 65536, 8),
    "vit_small_8_of_64px": ("vit_small", 8, 64, 32, 1024, 32),
    "vit_tiny_8_of_64px": ("vit_tiny", 8, 64, 32, 1024, 32),
}
STEPS = {"vit_small_16": 1, "vit_small_16_batch_16": 1, "vit_tiny_16": 2,
         "vit_small_8_of_64px": 1, "vit_tiny_8_of_64px": 2}
SHAPES = {"vit_tiny": (192, 3, 12), "vit_small": (384, 6, 12)}


class DropPath(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if self.rate == 0 or not self.training:
            return x
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        keep = 1 - self.rate
        return x.div(keep) * (
            keep + torch.rand(shape, device=x.device)).floor_()


class Attention(nn.Module):
    def __init__(self, dim, heads, is_naive):
        super().__init__()
        self.heads, self.is_naive = heads, is_naive
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(
            b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if self.is_naive:
            scores = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
            x = scores.softmax(-1) @ v
        else:
            x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, dim, heads, drop_path, is_naive):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads, is_naive)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.drop_path = DropPath(drop_path)

    def forward(self, x):
        x = x + self.drop_path(self.attn(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class VisionTransformer(nn.Module):
    def __init__(self, arch, patch, image_px, drop_path, is_naive):
        super().__init__()
        dim, heads, depth = SHAPES[arch]
        self.side = image_px // patch
        self.patch_embed = nn.Conv2d(3, dim, patch, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(
            0.02 * torch.randn(1, 1 + self.side**2, dim))
        rates = torch.linspace(0, drop_path, depth).tolist()
        self.blocks = nn.ModuleList(
            Block(dim, heads, rate, is_naive) for rate in rates)
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def positions(self, side):
        if side == self.side:
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, self.side, self.side, -1)
        grid = F.interpolate(
            grid.permute(0, 3, 1, 2),
            scale_factor=((side + 0.1) / self.side,) * 2, mode="bicubic")
        grid = grid.permute(0, 2, 3, 1).flatten(1, 2)
        return torch.cat([self.pos_embed[:, :1], grid], 1)

    def forward(self, images):
        x = self.patch_embed(images)
        side = x.shape[-1]
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = x + self.positions(side)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]


class Head(nn.Module):
    def __init__(self, dim, out_dim):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(dim, 2048), nn.GELU(), nn.Linear(2048, 2048), nn.GELU(),
            nn.Linear(2048, 256))
        self.last_layer = nn.utils.weight_norm(
            nn.Linear(256, out_dim, bias=False))
        self.last_layer.weight_g.data.fill_(1)
        self.last_layer.weight_g.requires_grad = False

    def forward(self, x):
        return self.last_layer(F.normalize(self.mlp(x), dim=-1))


class MultiCrop(nn.Module):
    def __init__(self, backbone, head):
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, groups):
        return self.head(torch.cat([self.backbone(g) for g in groups]))


def loss_and_center(student, teacher, center, num_views):
    student = (student / 0.1).chunk(num_views)
    targets = F.softmax((teacher - center) / 0.04, dim=-1).detach().chunk(2)
    total, pairs = 0, 0
    for g, q in enumerate(targets):
        for v, logits in enumerate(student):
            if v == g:
                continue
            total = total + torch.sum(
                -q * F.log_softmax(logits, dim=-1), dim=-1).mean()
            pairs += 1
    center = 0.9 * center + 0.1 * teacher.mean(0, keepdim=True)
    return total / pairs, center


def tuned_loss_and_center(student, teacher, center, num_views):
    student = (student / 0.1).chunk(num_views)
    targets = F.softmax((teacher - center) / 0.04, dim=-1).detach().chunk(2)
    total = 0
    for v, logits in enumerate(student):
        wanted = sum(q for g, q in enumerate(targets) if g != v)
        total = total - torch.sum(
            wanted * F.log_softmax(logits, dim=-1), dim=-1).mean()
    center = 0.9 * center + 0.1 * teacher.mean(0, keepdim=True)
    return total / (2 * (num_views - 1)), center


class Trainer:
    def __init__(self, case, is_naive, is_tuned, is_compiled, is_bf16, device,
                 batch):
        self.is_tuned, self.is_bf16 = is_tuned, is_bf16
        self.device = torch.device(device)
        arch, patch, global_px, local_px, out_dim, self.batch = CASES[case]
        self.batch = batch or self.batch
        dim = SHAPES[arch][0]
        self.student, self.teacher = (
            MultiCrop(
                VisionTransformer(arch, patch, global_px, rate, is_naive),
                Head(dim, out_dim)).to(device) for rate in (0.1, 0.0))
        self.teacher.load_state_dict(self.student.state_dict())
        self.teacher.requires_grad_(False)
        if is_compiled:  # in place: names of parameters stay
            self.student.compile()
            self.teacher.compile()
        named = [(n, p) for n, p in self.student.named_parameters()
                 if p.requires_grad]
        self.optimizer = torch.optim.AdamW([
            {"params": [p for n, p in named
                        if not n.endswith(".bias") and p.ndim > 1]},
            {"params": [p for n, p in named
                        if n.endswith(".bias") or p.ndim == 1],
             "weight_decay": 0.0}], lr=1e-4, weight_decay=0.04,
            fused=is_tuned or None)
        self.center = torch.zeros(1, out_dim, device=device)
        self.views = [
            [torch.randn(2 * self.batch, 3, global_px, global_px),
             torch.randn(8 * self.batch, 3, local_px, local_px)]
            for _ in range(2)]
        if self.device.type != "cpu":
            self.views = [
                [v.pin_memory() for v in views] for views in self.views]

    def step(self, index):
        groups = [v.to(self.device, non_blocking=True)
                  for v in self.views[index % 2]]
        autocast = torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.is_bf16)
        with torch.no_grad(), autocast:
            targets = self.teacher(groups[:1]).float()
        with autocast:
            logits = self.student(groups).float()
        loss_of = tuned_loss_and_center if self.is_tuned else loss_and_center
        loss, self.center = loss_of(
            logits, targets, self.center, 10)
        if not math.isfinite(loss.item()):
            raise SystemExit("the loss is not finite")
        self.optimizer.zero_grad()
        loss.backward()
        if self.is_tuned:
            self.finish_by_foreach()
            return
        for parameter in self.student.parameters():
            if parameter.grad is not None:
                norm = parameter.grad.norm(2)
                factor = 3.0 / (norm + 1e-6)
                if factor < 1:
                    parameter.grad.mul_(factor)
        self.optimizer.step()
        with torch.no_grad():
            for ours, theirs in zip(
                    self.teacher.parameters(), self.student.parameters()):
                ours.mul_(0.996).add_((1 - 0.996) * theirs.detach())

    @torch.no_grad()
    def finish_by_foreach(self):
        grads = [p.grad for p in self.student.parameters()
                 if p.grad is not None]
        norms = torch._foreach_norm(grads)
        if self.device.type == "cpu":
            factors = [min(1.0, 3.0 / (norm.item() + 1e-6)) for norm in norms]
        else:
            factors = (3.0 / (torch.stack(norms) + 1e-6)).clamp(max=1).unbind()
        torch._foreach_mul_(grads, factors)
        self.optimizer.step()
        torch._foreach_lerp_(list(self.teacher.parameters()),
                             list(self.student.parameters()), 1 - 0.996)


def wait_for(device):
    if device != "cpu":
        torch.cuda.synchronize()


def main():
    warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm`")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--steps", type=int, help="default: as ours")
    parser.add_argument("--attention", choices=["sdpa", "naive"],
                        default="sdpa")
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, help="default: as ours")
    args = parser.parse_args()
    steps = args.steps or STEPS[args.case]
    trainer = Trainer(args.case, args.attention == "naive", args.tuned,
                      args.compile, args.bf16, args.device, args.batch)
    # Threads, buffers, the optimiser's state; what was compiled for the first
    # step may be compiled once more at the second.
    for i in range(3 if args.compile or args.device != "cpu" else 1):
        trainer.step(i)
    wait_for(args.device)
    start, cpu_start = time.perf_counter(), time.process_time()
    for i in range(steps):
        trainer.step(1 + i)
    wait_for(args.device)
    images = steps * trainer.batch
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({
        "items_per_second": images / (time.perf_counter() - start),
        "cpu_ms_per_item":
            1000 * (time.process_time() - cpu_start) / images,
        "peak_MiB": peak_kib / 1024}))


if __name__ == "__main__":
    main()
