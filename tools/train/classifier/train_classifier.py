"""Trains the chest radiograph example on the training split, on a schedule fixed beforehand.

Nothing is chosen by looking at held-out pictures: neither epoch nor rate.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch

import data
from network import WIDTHS, ChestClassifier

WEIGHT_DECAY = 1e-2
AVERAGE_DECAY = 0.995
WARM_UP_STEPS = 50


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="train_val.npz")
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def learning_rate(arguments, step, total):
    if step < WARM_UP_STEPS:
        return arguments.learning_rate * (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / max(total - WARM_UP_STEPS, 1)
    return arguments.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    rng = torch.Generator().manual_seed(arguments.seed)
    pictures, labels = data.load(arguments.data)["train"]
    training, _ = data.split(labels)
    pictures, labels = torch.from_numpy(pictures[training]), torch.from_numpy(labels[training])

    network, average = ChestClassifier(), ChestClassifier()
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY)
    steps_per_epoch = len(labels) // arguments.batch
    step, start = 0, time.monotonic()
    for epoch in range(arguments.epochs):
        order = torch.randperm(len(labels), generator=rng)
        total_loss = 0.0
        for i in range(steps_per_epoch):
            chosen = order[i * arguments.batch : (i + 1) * arguments.batch]
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(arguments, step, steps_per_epoch * arguments.epochs)
            scores = network(data.random_views(pictures[chosen], rng))
            loss = torch.nn.functional.cross_entropy(scores, labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            total_loss += loss.item()
            decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
            with torch.no_grad():
                for mine, theirs in zip(average.state_dict().values(),
                                        network.state_dict().values()):
                    if mine.is_floating_point():
                        mine.lerp_(theirs, 1 - decay)
                    else:
                        mine.copy_(theirs)
        print(f"epoch {epoch + 1}/{arguments.epochs} loss {total_loss / steps_per_epoch:.4f} "
              f"{time.monotonic() - start:.0f} s", flush=True)

    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.save(average.state_dict(), arguments.work / "checkpoint.pt")
    record = {name: getattr(arguments, name)
              for name in ("epochs", "batch", "learning_rate", "seed", "threads")}
    record |= {"pictures": len(labels), "steps": step, "widths": list(WIDTHS),
               "parameters": sum(p.numel() for p in average.parameters()),
               "training_seconds": round(time.monotonic() - start), "torch": torch.__version__}
    (arguments.work / "run.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
