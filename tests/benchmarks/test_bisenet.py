"""The face parser's shape is the published one."""

from collections import Counter
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest
import torch

from benchmarks.bisenet import SIDE_PX, BiSeNet, FaceParserConv, count_macs, write_bisenet


def test_it_has_as_many_parameters_as_the_published_network() -> None:
    parameters = sum(weights.numel() for weights in BiSeNet().parameters())
    assert parameters / 1e6 == pytest.approx(13.3, abs=0.05)


def test_multiply_adds_are_counted_by_hand() -> None:
    # A 7x7 convolution of 3 to 64 channels with stride 2 on 512x512.
    assert count_macs(FaceParserConv(3, 64, 7, 2)) == 256 * 256 * 64 * 3 * 7 * 7


def test_logits_are_of_the_size_of_the_image() -> None:
    with torch.inference_mode():
        assert BiSeNet().eval()(torch.zeros(1, 3, 64, 96)).shape == (1, 19, 64, 96)


def test_a_folded_batch_norm_changes_nothing() -> None:
    torch.manual_seed(0)
    block = FaceParserConv(3, 8, 3).eval()
    assert isinstance(block.norm, torch.nn.BatchNorm2d)
    block.norm.running_mean = torch.randn(8)
    block.norm.running_var = torch.rand(8) + 0.5
    x = torch.randn(1, 3, 9, 9)
    with torch.inference_mode():
        before = block(x)
        block.fold()
        torch.testing.assert_close(block(x), before)
    assert not isinstance(block.norm, torch.nn.BatchNorm2d)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the exporter's remarks on itself
def test_the_file_holds_the_network_without_batch_norms(tmp_path: Path) -> None:
    parameters, macs = write_bisenet(tmp_path / "bisenet.onnx")
    assert parameters / 1e6 == pytest.approx(13.3, abs=0.05)
    assert 10e9 < macs < 20e9
    operators = Counter(node.op_type for node in onnx.load(str(tmp_path / "bisenet.onnx")).graph.node)
    assert operators["Conv"] == 32
    assert "BatchNormalization" not in operators
    session = ort.InferenceSession(str(tmp_path / "bisenet.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, SIDE_PX, SIDE_PX]
