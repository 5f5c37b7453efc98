"""The network: three levels of convolutions, the mean over the picture, two scores."""

import torch
from torch import nn

WIDTHS = (16, 32, 64)
CLASSES = 2  # normal, pneumonia


def _level(channels_in, channels_out):
    layers = []
    for source in (channels_in, channels_out):
        layers += [
            nn.Conv2d(source, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class ChestClassifier(nn.Module):
    """[N, 1, 28, 28] to logits [N, 2]."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        a, b, c = widths
        self.level_1 = _level(1, a)
        self.level_2 = _level(a, b)
        self.level_3 = _level(b, c)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(c, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.level_1(x)
        x = self.level_2(self.pool(x))
        x = self.level_3(self.pool(x))
        return self.head(self.drop(x.mean(dim=(2, 3))))
