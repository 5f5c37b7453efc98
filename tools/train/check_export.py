"""Checks model.ts: equal to the eager network, and usable at the sizes of both passes."""

import argparse
from pathlib import Path

import torch

from data import centre_in_frame, load_crops, z_score
from export import load_averaged

SIZES_ZYX = {"measuring pass": (48, 64, 48), "finding pass": (64, 80, 64)}
LARGEST_DIFFERENCE = 1e-4  # logits; the same float32 operations, up to their order of summation
LARGEST_BYTES = 20 * 1000 * 1000


def check(model_path, checkpoint, crop):
    """Raises AssertionError on the first requirement that the file does not meet."""
    assert model_path.stat().st_size <= LARGEST_BYTES, "model.ts is larger than 20 MB"
    scripted = torch.jit.load(str(model_path))
    eager = load_averaged(checkpoint)
    for use, size in SIZES_ZYX.items():
        framed, _ = centre_in_frame(z_score(crop.image), size)
        one = torch.from_numpy(framed)[None, None]
        two = torch.cat([one, 0.5 * one])
        with torch.inference_mode():
            logits, expected = scripted(two), eager(two)
            alone = scripted(one)
        assert logits.shape == (2, 3, *size), f"{use}: found the shape {tuple(logits.shape)}"
        assert logits.dtype == torch.float32, f"{use}: found {logits.dtype}"
        assert torch.isfinite(logits).all(), f"{use}: logits are not finite"
        difference = (logits - expected).abs().max().item()
        batch_difference = (logits[:1] - alone).abs().max().item()
        assert difference <= LARGEST_DIFFERENCE, f"{use}: differs from eager by {difference}"
        assert batch_difference <= LARGEST_DIFFERENCE, f"{use}: depends on the batch"
        print(f"{use} {size}: largest difference from eager {difference:.2e}, "
              f"alone against in a batch {batch_difference:.2e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with images/ and labels/")
    parser.add_argument("model", type=Path, help="model.ts")
    parser.add_argument("checkpoint", type=Path, help="the checkpoint it was exported from")
    arguments = parser.parse_args()
    check(arguments.model, arguments.checkpoint, load_crops(arguments.data)[0])
    print(f"{arguments.model.name}: good")


if __name__ == "__main__":
    main()
