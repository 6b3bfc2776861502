"""The face finder: a thumbnail of the frame in, a face score and three points for every cell out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.unet_lite import COLOR_SCALE, ConvBn, separable

CELL_PX = 8
"""Thumbnail pixels per cell of the output."""


class FinderNet(nn.Module):
    """A depthwise-separable encoder to stride 32; its three deepest levels meet again at stride 8.

    Source: one centre per face and regressed points as in CenterNet, arXiv:1904.07850; levels joined by adding as
    in Feature Pyramid Networks, arXiv:1612.03144.
    """

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width, 10 * width]
        self.stem_conv = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.stem = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(inplace=True), separable(width, width))
        self.to_stride_4 = nn.Sequential(separable(widths[0], widths[1], 2), separable(widths[1], widths[1]))
        self.to_stride_8 = nn.Sequential(
            separable(widths[1], widths[2], 2), separable(widths[2], widths[2]), separable(widths[2], widths[2])
        )
        self.to_stride_16 = nn.Sequential(
            separable(widths[2], widths[3], 2), separable(widths[3], widths[3]), separable(widths[3], widths[3])
        )
        self.to_stride_32 = nn.Sequential(
            separable(widths[3], widths[4], 2), separable(widths[4], widths[4]), separable(widths[4], widths[4])
        )
        self.from_stride_32 = ConvBn(widths[4], widths[3], 1, relu=False)
        self.join_16 = separable(widths[3], widths[3])
        self.from_stride_16 = ConvBn(widths[3], widths[2], 1, relu=False)
        self.join_8 = nn.Sequential(*(separable(widths[2], widths[2]) for _ in range(3)))
        self.head = nn.Conv2d(widths[2], 7, 1)
        assert self.head.bias is not None
        nn.init.constant_(self.head.bias[:1], -4.0)  # faces are rare: start by expecting none

    def forward(self, thumbnail_bgr: Tensor) -> Tensor:
        """Score logits and point offsets.

        Args:
            thumbnail_bgr: (N, H, W, 3) uint8; H and W divide by 32.

        Returns:
            (N, 7, H / 8, W / 8) in the precision of the weights: score logit, then x and y of the right eye, the
            left eye and the mouth as seen from the cell's centre, in cells.
        """
        weight = self.stem_conv.weight * COLOR_SCALE
        x = F.conv2d(thumbnail_bgr.to(weight.dtype).permute(0, 3, 1, 2), weight, stride=2, padding=1)
        at_8 = self.to_stride_8(self.to_stride_4(self.stem(x)))
        at_16 = self.to_stride_16(at_8)
        from_32 = self.from_stride_32(self.to_stride_32(at_16))
        at_16 = self.join_16(F.relu(at_16 + F.interpolate(from_32, scale_factor=2.0, mode="nearest")))
        from_16 = self.from_stride_16(at_16)
        at_8 = self.join_8(F.relu(at_8 + F.interpolate(from_16, scale_factor=2.0, mode="nearest")))
        output: Tensor = self.head(at_8)
        return output


def decode_faces(output: Tensor, most: int = 16) -> Tensor:
    """The faces in the network's output: cells whose own score no neighbour exceeds, best first.

    A face between cells is a little of each, so a find's score is that its centre lies in the cell or a neighbour,
    1 - (1 - p1) (1 - p2) ...: by the cell alone sure faces would score as low as doubtful ones.

    Args:
        output: (N, 7, H, W), as `FinderNet` returns it.
        most: faces per thumbnail that are returned, found or not.

    Returns:
        (N, most, 7): score in [0, 1], then x and y of the right eye, the left eye and the mouth in thumbnail pixels.
    """
    rows, columns = output.shape[2:]
    logit = output[:, :1]
    evidence = 9 * F.avg_pool2d(F.softplus(logit), 3, 1, 1)  # -log(1 - p) of nine cells, which no sure face saturates
    peak = evidence * (logit == F.max_pool2d(logit, 3, 1, 1)).to(evidence.dtype)
    best, cell = peak.flatten(1).topk(most)
    center_y, center_x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
    centers = torch.stack([center_x, center_y] * 3).to(output)
    points = ((output[:, 1:] + centers) * CELL_PX).flatten(2)
    chosen = points.gather(2, cell[:, None].expand(-1, 6, -1)).transpose(1, 2)
    return torch.cat([1 - torch.exp(-best[:, :, None]), chosen], 2)
