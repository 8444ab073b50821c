"""The augmentations equal Pillow's and torchvision's.

    augment_parity.py AUGMENT_CASES

The program AUGMENT_CASES runs our steps on random and smooth images; the same
steps run here on Pillow, through torchvision where the reference DINO does.
Every step and every whole view must be equal to the byte.
"""
import random
import subprocess
import sys

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torchvision.transforms import functional as F
from torchvision.transforms import CenterCrop, InterpolationMode, Normalize
from torchvision.transforms import Resize

CUBIC = InterpolationMode.BICUBIC
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NUM_CASES = 120


class Case:
    def __init__(self, step, image, numbers, expected):
        self.step = step
        self.image = image  # uint8 [height, width, 3]
        self.numbers = numbers
        self.expected = expected  # of the answer's first line -> array

    def request(self):
        height, width, _ = self.image.shape
        numbers = " ".join(repr(n) for n in self.numbers)
        line = f"{self.step} {height} {width} {numbers}\n".encode()
        return line + self.image.transpose(2, 0, 1).tobytes()


def make_image(rng, height, width):
    """Noise, smooth colour, or few levels with many ties."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if kind == 1:
        small = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        return np.asarray(Image.fromarray(small).resize((width, height)))
    return (rng.integers(0, 6, (height, width, 3)) * 51).astype(np.uint8)


def jitter(image, order, brightness, contrast, saturation, hue):
    steps = [
        lambda x: F.adjust_brightness(x, brightness),
        lambda x: F.adjust_contrast(x, contrast),
        lambda x: F.adjust_saturation(x, saturation),
        lambda x: F.adjust_hue(x, hue) if hue != 0 else x,
    ]
    for index in order:
        image = steps[index](image)
    return image


def apply_draw(image, side, text):
    """A view by the draws in `text`, in the reference's order of steps."""
    values = text.split()
    top, left, height, width, has_jitter = map(int, values[:5])
    order = list(map(int, values[5:9]))
    factors = list(map(float, values[9:13]))
    gray, sigma, solar = int(values[13]), float(values[14]), int(values[15])
    turns, flip_cols, flip_rows = map(int, values[16:19])
    assert turns == 0 and flip_rows == 0
    image = F.resized_crop(image, top, left, height, width, [side, side], CUBIC)
    if flip_cols:
        image = F.hflip(image)
    if has_jitter:
        image = jitter(image, order, *factors)
    if gray:
        image = F.rgb_to_grayscale(image, 3)
    if sigma > 0:
        image = image.filter(ImageFilter.GaussianBlur(radius=sigma))
    if solar:
        image = ImageOps.solarize(image)
    return to_bytes(Normalize(MEAN, STD)(F.to_tensor(image)).numpy())


def to_bytes(view):
    """The 8-bit pixels behind a normalised view; exact, or NaN-like -1."""
    mean = np.array(MEAN, np.float64)[:, None, None]
    std = np.array(STD, np.float64)[:, None, None]
    pixels = (view.astype(np.float64) * std + mean) * 255
    off = np.abs(pixels - np.round(pixels)).max()
    if off > 1e-4:
        sys.exit(f"FAILED: normalisation is off by {off} of 255")
    return np.round(pixels)


def planes(image):
    return np.asarray(image).transpose(2, 0, 1).astype(np.float64)


def make_cases(rng):
    cases = []
    for i in range(NUM_CASES):
        side = int(rng.integers(1, 70))
        image = make_image(rng, side, side)
        pil = Image.fromarray(image)
        factors = [float(np.float32(rng.uniform(0.6, 1.4))) for _ in range(3)]
        hue = float(rng.uniform(-0.1, 0.1))
        for index, name in enumerate(
            ["brightness", "contrast", "saturation", "hue"]
        ):
            alone = [1.0, 1.0, 1.0, 0.0]
            alone[index] = hue if name == "hue" else factors[index]
            cases.append(jitter_case(name, image, [0, 1, 2, 3], alone))
        order = [int(n) for n in rng.permutation(4)]
        cases.append(jitter_case("jitter", image, order, factors + [hue]))
        gray = planes(F.rgb_to_grayscale(pil, 3))
        cases.append(Case("gray", image, [], gray))
        sigma = float(np.float32(rng.uniform(0.1, 2.0)))
        blurred = pil.filter(ImageFilter.GaussianBlur(radius=sigma))
        cases.append(Case("blur", image, [sigma], planes(blurred)))
        solar = planes(ImageOps.solarize(pil))
        cases.append(Case("solarize", image, [], solar))
        cases.append(resize_case(rng, grows=True))
        cases.append(resize_case(rng, grows=False))
        cases.append(view_case(rng, i))
        cases.append(test_view_case(rng))
    return cases


def jitter_case(name, image, order, factors):
    expected = planes(jitter(Image.fromarray(image), order, *factors))
    case = Case("jitter", image, order + factors, expected)
    case.name = name
    return case


def resize_case(rng, grows):
    height, width = (int(n) for n in rng.integers(8, 130, 2))
    image = make_image(rng, height, width)
    box_height = int(rng.integers(1, height + 1))
    box_width = int(rng.integers(1, width + 1))
    top = int(rng.integers(0, height - box_height + 1))
    left = int(rng.integers(0, width - box_width + 1))
    if grows:
        out = [box_height + int(rng.integers(0, 100)) for _ in range(2)]
        out[1] = box_width + int(rng.integers(0, 100))
    else:
        out = [int(rng.integers(1, box_height + 1)) for _ in range(2)]
        out[1] = int(rng.integers(1, box_width + 1))
    expected = F.resized_crop(
        Image.fromarray(image), top, left, box_height, box_width, out, CUBIC
    )
    numbers = [top, left, box_height, box_width] + out
    case = Case("resize", image, numbers, planes(expected))
    case.name = "resize up" if grows else "resize down"
    return case


def view_case(rng, sample):
    image = make_image(rng, 120, 120)
    view = sample % 10
    side = 224 if view < 2 else 96
    pil = Image.fromarray(image)
    case = Case(
        "view",
        image,
        [sample, view, 224, 96],
        lambda text: apply_draw(pil, side, text),
    )
    return case


def test_view_case(rng):
    height, width = (int(n) for n in rng.integers(40, 600, 2))
    image = make_image(rng, height, width)
    view = CenterCrop(224)(Resize(256, CUBIC)(Image.fromarray(image)))
    expected = to_bytes(Normalize(MEAN, STD)(F.to_tensor(view)).numpy())
    return Case("test_view", image, [256, 224], expected)


def main():
    seed = 20260117
    random.seed(seed)
    torch.manual_seed(seed)
    cases = make_cases(np.random.default_rng(seed))
    answers = subprocess.run(
        [sys.argv[1]],
        input=b"".join(case.request() for case in cases),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    figures = {}
    at = 0
    for case in cases:
        end = answers.index(b"\n", at)
        text = answers[at:end].decode()
        expected = case.expected
        if callable(expected):
            expected = expected(text)
        is_view = case.step in ("view", "test_view")
        dtype = np.float32 if is_view else np.uint8
        count = expected.size
        got = np.frombuffer(answers, dtype, count, end + 1)
        at = end + 1 + count * np.dtype(dtype).itemsize
        got = got.reshape(expected.shape)
        got = to_bytes(got) if is_view else got.astype(np.float64)
        error = np.abs(got - expected)
        name = getattr(case, "name", case.step)
        figure = figures.setdefault(name, [0, 0, 0.0, 0.0])
        figure[0] += 1
        figure[1] += int(error.max() == 0)
        figure[2] = max(figure[2], error.mean())
        figure[3] = max(figure[3], error.max())
    if at != len(answers):
        sys.exit(f"FAILED: {len(answers) - at} bytes of answers are left over")
    failed = []
    print(f"{'step':12} {'equal':>9}  worst mean, worst pixel (of 255)")
    for name, (count, equal, mean, worst) in figures.items():
        print(f"{name:12} {equal:4}/{count:4}  {mean:.4f}, {worst:.0f}")
        if equal < count:
            failed.append(name)
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)} differ from Pillow")


if __name__ == "__main__":
    main()
