"""A face parser of BiSeNet's shape with random weights: what it costs, not what it sees.

Source of the shape: BiSeNet, arXiv:1808.00897, as in the repository face-parsing.PyTorch (zllrunning), `model.py` and
`resnet.py`: ResNet18 as context path, no spatial path, 19 classes, 512x512. That repository's published network has
13.3 million parameters.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import fusion

SIDE_PX = 512
CLASSES = 19
SEED = 0


class FaceParserConv(nn.Module):
    """Convolution without bias, batch norm, ReLU where asked."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, relu: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.BatchNorm2d | nn.Identity = nn.BatchNorm2d(out_channels)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """(N, out_channels, H / stride, W / stride)."""
        x = self.norm(self.conv(x))
        return F.relu(x) if self.relu else x

    def fold(self) -> None:
        """Put the batch norm into the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv, self.norm = fusion.fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class FaceParserBlock(nn.Module):
    """Source: ResNet, arXiv:1512.03385."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.first = FaceParserConv(in_channels, out_channels, 3, stride)
        self.second = FaceParserConv(out_channels, out_channels, 3, relu=False)
        is_same = in_channels == out_channels and stride == 1
        self.shortcut = nn.Identity() if is_same else FaceParserConv(in_channels, out_channels, 1, stride, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, out_channels, H / stride, W / stride)."""
        return F.relu(self.shortcut(x) + self.second(self.first(x)))


class AttentionRefinement(nn.Module):
    """A 3x3 convolution whose channels are weighed by their means."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = FaceParserConv(in_channels, out_channels, 3)
        self.weigh = FaceParserConv(out_channels, out_channels, 1, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, out_channels, H, W)."""
        x = self.conv(x)
        weighed: Tensor = x * self.weigh(x.mean((2, 3), keepdim=True)).sigmoid()
        return weighed


class ContextPath(nn.Module):
    """ResNet18, whose two last levels are refined and brought back to an eighth of the size."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = FaceParserConv(3, 64, 7, 2)
        self.levels = nn.ModuleList(
            nn.Sequential(FaceParserBlock(narrow, wide, stride), FaceParserBlock(wide, wide, 1))
            for narrow, wide, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2))
        )
        self.refine16, self.refine32 = AttentionRefinement(256, 128), AttentionRefinement(512, 128)
        self.head16, self.head32 = FaceParserConv(128, 128, 3), FaceParserConv(128, 128, 3)
        self.mean = FaceParserConv(512, 128, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, 128, H / 8, W / 8) twice, (N, 128, H / 16, W / 16)."""
        x = F.max_pool2d(self.stem(x), 3, 2, 1)
        levels = []
        for level in self.levels:
            x = level(x)
            levels.append(x)
        _, feature8, feature16, feature32 = levels
        x = self.refine32(feature32) + self.mean(feature32.mean((2, 3), keepdim=True))
        context16 = self.head32(F.interpolate(x, scale_factor=2, mode="nearest"))
        x = self.refine16(feature16) + context16
        return feature8, self.head16(F.interpolate(x, scale_factor=2, mode="nearest")), context16


class FeatureFusion(nn.Module):
    """Features and context side by side, mixed, and their channels weighed."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = FaceParserConv(256, 256, 1)
        self.squeeze = nn.Conv2d(256, 64, 1, bias=False)
        self.excite = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, features: Tensor, context: Tensor) -> Tensor:
        """(N, 256, H, W)."""
        x: Tensor = self.mix(torch.cat([features, context], 1))
        weights: Tensor = self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))).sigmoid()
        return x + x * weights


class Head(nn.Sequential):
    """Logits of every class."""

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        super().__init__(FaceParserConv(in_channels, mid_channels, 3), nn.Conv2d(mid_channels, CLASSES, 1, bias=False))


class BiSeNet(nn.Module):
    """Face parsing in 19 classes.

    Its two heads for training are there, since they are among the published parameters, and are not run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.context = ContextPath()
        self.fuse = FeatureFusion()
        self.head = Head(256, 256)
        self.training_heads = nn.ModuleList([Head(128, 64), Head(128, 64)])

    def forward(self, image: Tensor) -> Tensor:
        """(N, 19, H, W) logits of (N, 3, H, W) float32 images; H and W divide by 32."""
        features, context, _ = self.context(image)
        logits = self.head(self.fuse(features, context))
        return F.interpolate(logits, image.shape[2:], mode="bilinear", align_corners=True)


def write_bisenet(path: Path) -> tuple[int, int]:
    """Write the network as ONNX, for one image of 512x512, batch norm folded.

    Returns:
        its parameters, those of the training heads included, and multiply-adds of one image.
    """
    torch.manual_seed(SEED)
    network = BiSeNet().eval()
    parameters = sum(weights.numel() for weights in network.parameters())
    macs = count_macs(network)
    for module in network.modules():
        if isinstance(module, FaceParserConv):
            module.fold()
    image = torch.zeros(1, 3, SIDE_PX, SIDE_PX)
    program = torch.onnx.export(
        network, (image,), input_names=["image"], output_names=["logits"], dynamo=True, verbose=False
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    program.save(str(path))
    return parameters, macs


def count_macs(network: nn.Module) -> int:
    """Multiply-adds of the convolutions of one image of 512x512."""
    macs = 0

    def count(module: nn.Module, _: object, out: Tensor) -> None:
        nonlocal macs
        assert isinstance(module, nn.Conv2d)
        macs += out[0].numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.inference_mode():
        network(torch.zeros(1, 3, SIDE_PX, SIDE_PX))
    for hook in hooks:
        hook.remove()
    return macs
