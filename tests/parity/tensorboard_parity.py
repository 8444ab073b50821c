"""TensorBoard reads our event files: tags, steps and values are equal.

    tensorboard_parity.py EVENT_FIXTURE

Runs the program EVENT_FIXTURE, which writes the event files of a run that
crashed and was resumed, and compares what TensorBoard's own reader sees with
the records that the program prints. The curve must be continuous: nothing of
the lost steps may be left.
"""
import json
import subprocess
import sys
import tempfile

import numpy as np
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

TAGS = {
    "loss": "train/loss",
    "epoch": "train/epoch",
    "lr": "schedule/lr",
    "images_per_s": "speed/images_per_s",
    "rss_bytes": "speed/rss_bytes",
}


def expect(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        printed = subprocess.run(
            [sys.argv[1], folder], check=True, stdout=subprocess.PIPE
        ).stdout.decode()
        records = [json.loads(line) for line in printed.splitlines()]
        reader = event_accumulator.EventAccumulator(
            folder, size_guidance={event_accumulator.TENSORS: 0}
        )
        reader.Reload()
        seen = set(reader.Tags()["tensors"]) | set(reader.Tags()["scalars"])
        expected = set(TAGS.values()) | {"eval/knn_top1"}
        expect(seen == expected, f"tags {sorted(seen)}, not {sorted(expected)}")
        for key, tag in TAGS.items():
            steps, values = curve(reader, tag)
            expect(
                steps == [record["step"] for record in records],
                f"{tag}: steps {steps[:3]}..{steps[-3:]}, {len(steps)} of them",
            )
            reference = np.array([r[key] for r in records], np.float32)
            expect(
                np.array_equal(np.array(values, np.float32), reference),
                f"{tag}: values differ",
            )
            print(f"{tag}: {len(steps)} steps equal")
        steps, values = curve(reader, "eval/knn_top1")
        expect(steps == [90, 120], f"eval/knn_top1: steps {steps}")
        expect(
            values == [np.float32(0.45), np.float32(0.6)],
            f"eval/knn_top1: values {values}",
        )
    print("TensorBoard shows one continuous curve over crash and resume")


def curve(reader, tag):
    if tag in reader.Tags()["scalars"]:
        events = reader.Scalars(tag)
        return [e.step for e in events], [e.value for e in events]
    events = reader.Tensors(tag)
    values = [tensor_util.make_ndarray(e.tensor_proto).item() for e in events]
    return [e.step for e in events], values


if __name__ == "__main__":
    main()
