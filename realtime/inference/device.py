"""Input and output that stay on a GPU from run to run."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

GRAPH_RUNS = 3
"""ONNX Runtime records a graph in one of its first runs, and replays it from then on."""


class DeviceBuffers:
    """Input and output of one batch size, at addresses that never change, which a replayed CUDA graph needs.

    Args:
        session: a model of one uint8 input and one output, float32 or uint8, whose first axis is the batch.
        batch: how many images. Each size is a graph of its own.
        device: as ONNX Runtime calls it: cuda, cpu.
    """

    def __init__(self, session: ort.InferenceSession, batch: int, device: str) -> None:
        model_input, model_output = session.get_inputs()[0], session.get_outputs()[0]
        self._session = session
        self._input = _empty((batch, *model_input.shape[1:]), np.uint8, device)
        self._kind = np.float32 if model_output.type == "tensor(float)" else np.uint8
        self._output = _empty((batch, *model_output.shape[1:]), self._kind, device)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(model_input.name, self._input)
        self._binding.bind_ortvalue_output(model_output.name, self._output)
        self._options = ort.RunOptions()
        self._options.add_run_config_entry("gpu_graph_id", str(batch))

    def run(self, images_bgr: npt.NDArray[np.uint8], out: npt.NDArray[Any]) -> None:
        """One batch, there and back.

        Args:
            images_bgr: (N, H, W, 3) uint8, contiguous. Read, never kept.
            out: written into.
        """
        self._input.update_inplace(images_bgr)
        self._session.run_with_iobinding(self._binding, self._options)
        np.copyto(out, self._output.numpy())

    def try_out(self) -> None:
        """Run on nothing as often as it takes to record a graph and to replay it."""
        images = np.zeros(self._input.shape(), np.uint8)
        out = np.empty(self._output.shape(), self._kind)
        for _ in range(GRAPH_RUNS):
            self.run(images, out)


def _empty(shape: tuple[int, ...], kind: npt.DTypeLike, device: str) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_shape_and_type(shape, kind, device, 0)
