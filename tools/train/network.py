"""The network: a three-dimensional U-Net with instance normalisation."""

import torch
from torch import nn

WIDTHS = (12, 24, 48, 96)
CLASSES = 3  # background, anterior, posterior


def _double_convolution(channels_in, channels_out):
    layers = []
    for source in (channels_in, channels_out):
        layers += [
            nn.Conv3d(source, channels_out, 3, padding=1, bias=False),
            nn.InstanceNorm3d(channels_out, affine=True),
            nn.LeakyReLU(0.01, inplace=True),
        ]
    return nn.Sequential(*layers)


class HippocampusUNet(nn.Module):
    """[N, 1, D, H, W] to logits [N, 3, D, H, W]; each side a multiple of 8."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        a, b, c, d = widths
        self.encode_1 = _double_convolution(1, a)
        self.encode_2 = _double_convolution(a, b)
        self.encode_3 = _double_convolution(b, c)
        self.bottom = _double_convolution(c, d)
        self.up_3 = nn.ConvTranspose3d(d, c, 2, stride=2)
        self.decode_3 = _double_convolution(2 * c, c)
        self.up_2 = nn.ConvTranspose3d(c, b, 2, stride=2)
        self.decode_2 = _double_convolution(2 * b, b)
        self.up_1 = nn.ConvTranspose3d(b, a, 2, stride=2)
        self.decode_1 = _double_convolution(2 * a, a)
        self.head = nn.Conv3d(a, CLASSES, 1)
        self.pool = nn.MaxPool3d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        full = self.encode_1(x)
        half = self.encode_2(self.pool(full))
        quarter = self.encode_3(self.pool(half))
        bottom = self.bottom(self.pool(quarter))
        quarter = self.decode_3(torch.cat([self.up_3(bottom), quarter], dim=1))
        half = self.decode_2(torch.cat([self.up_2(quarter), half], dim=1))
        full = self.decode_1(torch.cat([self.up_1(half), full], dim=1))
        return self.head(full)
