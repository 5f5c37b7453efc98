"""Trains the hippocampus network: one fold, all folds in turn, or all crops at once.

A run writes its checkpoint after every epoch and, started again with the same arguments, goes
on from there. Every draw of an epoch follows from (seed, run, epoch), so that a resumed run
sees the views that an uninterrupted one would have seen.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from augment import CropStore, random_views
from data import fold_of_each, load_crops
from evaluate import predict_probabilities
from network import HippocampusUNet

WEIGHT_DECAY = 1e-2
EMA_DECAY = 0.995
GRADIENT_NORM_LIMIT = 5.0
WARM_UP_STEPS = 100
DICE_SMOOTHING = 10.0  # voxels: keeps the term steady where a view holds little of a label


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with images/ and labels/")
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--fold", required=True, help="0 to folds-1, or all, or full")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    return parser.parse_args()


def dice_and_cross_entropy(logits, label):
    """Cross-entropy plus one minus soft Dice of anterior, posterior and whole."""
    probabilities = logits.softmax(dim=1)
    target = F.one_hot(label, 3).permute(0, 4, 1, 2, 3).to(logits.dtype)
    found = torch.cat([probabilities[:, 1:], probabilities[:, 1:].sum(1, keepdim=True)], dim=1)
    wanted = torch.cat([target[:, 1:], target[:, 1:].sum(1, keepdim=True)], dim=1)
    shared = (found * wanted).sum(dim=(2, 3, 4))
    total = found.sum(dim=(2, 3, 4)) + wanted.sum(dim=(2, 3, 4))
    dice = (2 * shared + DICE_SMOOTHING) / (total + DICE_SMOOTHING)
    return F.cross_entropy(logits, label) + (1 - dice).mean()


class Trainer:
    """One run: the network, its averaged copy, the optimiser and where they stand."""

    def __init__(self, arguments, folder, indices, run_number):
        self.arguments = arguments
        self.folder = folder
        self.indices = np.asarray(indices)
        self.run_number = run_number
        torch.manual_seed(arguments.seed)
        self.network = HippocampusUNet().to(memory_format=torch.channels_last_3d)
        self.average = HippocampusUNet().to(memory_format=torch.channels_last_3d)
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=arguments.learning_rate, weight_decay=WEIGHT_DECAY
        )
        self.epoch = 0
        self.step = 0
        self.seconds = 0.0
        self.steps_per_epoch = len(self.indices) // arguments.batch
        self._resume()

    @property
    def checkpoint(self):
        return self.folder / "checkpoint.pt"

    def _parts(self):
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    def settings(self):
        names = ("folds", "epochs", "batch", "learning_rate", "seed", "precision")
        return {name: getattr(self.arguments, name) for name in names}

    def _resume(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        if state["settings"] != self.settings():
            raise ValueError(f"{self.folder.name}: the checkpoint was made with "
                             f"{state['settings']}; give these, or another --work")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.epoch, self.step, self.seconds = state["epoch"], state["step"], state["seconds"]

    def _save(self):
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"epoch": self.epoch, "step": self.step, "seconds": self.seconds,
                  "settings": self.settings()}
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def _learning_rate(self):
        total = self.steps_per_epoch * self.arguments.epochs
        if self.step < WARM_UP_STEPS:
            return self.arguments.learning_rate * (self.step + 1) / WARM_UP_STEPS
        done = (self.step - WARM_UP_STEPS) / max(total - WARM_UP_STEPS, 1)
        return self.arguments.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def _update_average(self):
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.network.parameters()), 1 - decay
            )

    def _step(self, image, label):
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        image = image.to(memory_format=torch.channels_last_3d)
        half = self.arguments.precision == "bfloat16"
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = self.network(image)
        loss = dice_and_cross_entropy(logits.float(), label)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM_LIMIT)
        self.optimiser.step()
        self.step += 1
        self._update_average()
        return loss.item()

    def run(self, store):
        """Trains up to the last epoch."""
        while self.epoch < self.arguments.epochs:
            start = time.monotonic()
            key = (self.arguments.seed, self.run_number, self.epoch)
            order = np.random.default_rng(key).permutation(self.indices)
            rng = torch.Generator().manual_seed(
                int(np.random.SeedSequence(key).generate_state(1)[0])
            )
            losses = []
            for first in range(0, self.steps_per_epoch * self.arguments.batch,
                               self.arguments.batch):
                chosen = torch.from_numpy(order[first : first + self.arguments.batch])
                losses.append(self._step(*random_views(store, chosen, rng)))
            self.epoch += 1
            self.seconds += time.monotonic() - start
            self._save()
            print(f"{self.folder.name} epoch {self.epoch}/{self.arguments.epochs} "
                  f"loss {np.mean(losses):.4f} {self.seconds / 60:.1f} min", flush=True)


def train_one(arguments, crops, store, fold):
    """One fold, whose held-out crops are predicted at the end; or `full`, all crops."""
    held_out = fold_of_each(len(crops), arguments.folds)
    if fold == "full":
        folder, indices, run_number = arguments.work / "full", range(len(crops)), arguments.folds
    else:
        folder = arguments.work / f"fold_{fold}"
        indices, run_number = np.flatnonzero(held_out != int(fold)), int(fold)
    trainer = Trainer(arguments, folder, indices, run_number)
    trainer.run(store)
    record = trainer.settings() | {
        "run": folder.name, "crops": len(indices), "steps": trainer.step,
        "training_minutes": round(trainer.seconds / 60, 1), "threads": arguments.threads,
        "torch": torch.__version__,
    }
    (folder / "run.json").write_text(json.dumps(record, indent=2) + "\n")
    if fold != "full":
        network = trainer.average.eval()
        probabilities = {
            crops[i].name: predict_probabilities(network, crops[i]).astype(np.float16)
            for i in np.flatnonzero(held_out == int(fold))
        }
        np.savez(folder / "held_out.npz", **probabilities)


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    crops = load_crops(arguments.data)
    store = CropStore(crops)
    runs = range(arguments.folds) if arguments.fold == "all" else [arguments.fold]
    for fold in runs:
        train_one(arguments, crops, store, fold)


if __name__ == "__main__":
    main()
