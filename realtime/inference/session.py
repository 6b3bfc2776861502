"""A model file, loaded: checked against the contract, run by ONNX Runtime on the provider that was asked for."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from realtime.core.errors import ModelError
from realtime.core.geometry import CROP_SIZE_WH, FINDER_SIDE_PX, LAYOUTS, CropLayout
from realtime.core.regions import Region, regions_from_names
from realtime.inference.providers import DEVICES, THREADS_THAT_PAY, DeviceBuffers, check_runtime_packages, start
from realtime.inference.providers import Provider as Provider  # whoever opens a session names one

WEIGHTS_FOLDER = Path(__file__).parents[2] / "weights"
DEFAULT_MODEL = "unet_lite"
LEFT_RIGHT = "subject"
CHECKSUMS_NAME = "SHA256SUMS"
"""Beside the model files that this project ships or exports; what `sha256sum -c` reads."""
SEGMENTER, FACE_FINDER = "segmenter", "face_finder"
PROBS, LABELS = "probs", "labels"
"""What a segmenter's file gives: (N, C, 218, 178) float32 probabilities, or (N, 218, 178) uint8 region ids alone."""
METADATA_KEYS = (
    "kind",
    "layout",
    "regions",
    "activation",
    "left_right",
    "precision",
    "opset",
    "commit",
    "training_data",
)
"""What every model file must say of itself; `output`, `scores`, `fingerprint`, `checkpoint_sha256` may be there too."""


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself in its metadata.

    Attributes:
        kind: segmenter or face_finder.
        regions: of the output's channels, in order; none for the face finder.
        layout: where a face must stand in the crop.
        activation: softmax or sigmoid.
        precision: fp32, fp16 or int8.
        commit: of the code that made it.
        training_data: what it learnt from, in words.
        scores: of the exported network, by name.
        output: of a segmenter, `PROBS` or `LABELS`; probs where the file does not say.
    """

    kind: str
    regions: tuple[Region, ...]
    layout: CropLayout
    activation: str
    precision: str
    commit: str
    training_data: str
    scores: dict[str, Any]
    output: str = PROBS

    @classmethod
    def from_metadata(cls, metadata_props: dict[str, str], path: Path) -> "ModelCard":
        """The card in a file's metadata.

        Raises:
            ModelError: a key is missing or its value unknown; the message names all that are.
        """
        missing = [key for key in METADATA_KEYS if key not in metadata_props]
        if missing:
            raise ModelError(f"{path}: no model of this program: its metadata lacks {', '.join(missing)}")
        layout = metadata_props["layout"]
        if layout not in LAYOUTS:
            raise ModelError(f"{path}: its layout is {layout!r}, which this program lacks; known: {', '.join(LAYOUTS)}")
        try:
            names = metadata_props["regions"].split(",") if metadata_props["regions"] else []
            card = cls(
                kind=metadata_props["kind"],
                regions=regions_from_names(names),
                layout=LAYOUTS[layout],
                activation=metadata_props["activation"],
                precision=metadata_props["precision"],
                commit=metadata_props["commit"],
                training_data=metadata_props["training_data"],
                scores=json.loads(metadata_props.get("scores", "{}")),
                output=metadata_props.get("output", PROBS),
            )
        except ValueError as error:
            raise ModelError(f"{path}: its metadata cannot be understood ({error})") from None
        if metadata_props["left_right"] != LEFT_RIGHT:
            raise ModelError(f"{path}: its left and right are {metadata_props['left_right']!r}, not the {LEFT_RIGHT}'s")
        return card


class Session:
    """One loaded model.

    Attributes:
        provider: what really runs it.
        fallback: why `auto` did not take a faster provider that this ONNX Runtime has; empty where it did.
        metadata: the file's own, all of it, by key.
        fixed_batch: how many images it takes at a time; None for any number.

    Args:
        path: the .onnx or .ort file.
        kind: what it must be, `SEGMENTER` or `FACE_FINDER`; either where it is not given.
        provider: what to run it on.
        threads: on the CPU; 0 takes `THREADS_THAT_PAY`.
        output: what a segmenter must give, `PROBS` or `LABELS`; None takes both.
        profile_to: where `end_profiling` writes how long each node took, as the beginning of a file's name.

    Raises:
        ModelError: the file is missing, broken, or not a model of this kind; the message says what is missing.
        ProviderError: the provider cannot be had, and why.
    """

    def __init__(
        self,
        path: Path,
        kind: str | None = None,
        provider: Provider = Provider.AUTO,
        threads: int = 0,
        output: str | None = PROBS,
        profile_to: Path | None = None,
    ) -> None:
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        check_runtime_packages()
        check_sum(path)
        self.path = path
        self._ort, self.provider, self.fallback = start(path, provider, threads or THREADS_THAT_PAY, profile_to)
        self.metadata: dict[str, str] = self._ort.get_modelmeta().custom_metadata_map
        self.card = ModelCard.from_metadata(self.metadata, path)
        if kind not in (None, self.card.kind):
            raise ModelError(f"{path}: a {self.card.kind} model, where a {kind} is needed")
        if output not in (None, self.card.output):
            raise ModelError(f"{path}: it gives {self.card.output}, not {output}: export it with --output {output}")
        self._input, self._output = _check_signature(self._ort, self.card, path)
        self._input_tail = tuple(self._ort.get_inputs()[0].shape[1:])
        self._output_tail = tuple(self._ort.get_outputs()[0].shape[1:])
        batch = self._ort.get_inputs()[0].shape[0]
        self.fixed_batch = batch if isinstance(batch, int) else None
        self._binding = self._ort.io_binding()
        self._device = DEVICES.get(self.provider)
        self._buffers: dict[int, DeviceBuffers] = {}

    def run(
        self, images_bgr: npt.NDArray[np.uint8], out: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """One batch.

        Args:
            images_bgr: (N, H, W, 3) uint8, of the model's own size, contiguous. Read, never kept.
            out: contiguous float32 array of `output_shape` to write into; a new one where it is not given.

        Returns:
            the model's output, float32: (N, C, 218, 178) probs, or (N, K, 7) faces; `out` where it was given.
        """
        result = np.empty(self.output_shape(len(images_bgr)), np.float32) if out is None else out
        self._run_all(np.ascontiguousarray(images_bgr), result)
        return result

    def run_labels(self, images_bgr: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """(N, 218, 178) region ids of one batch, from a file whose output is `LABELS`; else as `run`."""
        result = np.empty(self.output_shape(len(images_bgr)), np.uint8)
        self._run_all(np.ascontiguousarray(images_bgr), result)
        return result

    def _run_all(self, images_bgr: npt.NDArray[np.uint8], result: npt.NDArray[Any]) -> None:
        """Run once, or as often as a fixed batch needs; the last one is filled up with zeros."""
        size = self.fixed_batch or len(images_bgr)
        for first in range(0, len(images_bgr), size):
            images, answer = images_bgr[first : first + size], result[first : first + size]
            missing = size - len(images)
            if missing:
                images = np.pad(images, [(0, missing), (0, 0), (0, 0), (0, 0)])
                answer = np.empty(self.output_shape(size), result.dtype)
            self._run_batch(images, answer)
            if missing:
                result[first:] = answer[: size - missing]

    def _run_batch(self, images_bgr: npt.NDArray[np.uint8], result: npt.NDArray[Any]) -> None:
        batch = len(images_bgr)
        if self._device:
            if batch not in self._buffers:
                self._buffers[batch] = DeviceBuffers(self._ort, batch, self._device)
            self._buffers[batch].run(images_bgr, result)
            return
        self._binding.bind_cpu_input(self._input, images_bgr)
        self._binding.bind_output(self._output, "cpu", 0, result.dtype, result.shape, result.ctypes.data)
        self._ort.run_with_iobinding(self._binding)

    def input_shape(self, batch: int) -> tuple[int, ...]:
        """Of so many images."""
        return (batch, *self._input_tail)

    def output_shape(self, batch: int) -> tuple[int, ...]:
        """Of the output for so many images."""
        return (batch, *self._output_tail)

    def warm_up(self) -> None:
        """Run once on nothing, so that the first real frame is not the slow one."""
        self.run(np.zeros(self.input_shape(1), np.uint8))

    def end_profiling(self) -> Path:
        """The file, in JSON, that says how long each node of each run took; only where `profile_to` was given."""
        return Path(self._ort.end_profiling())


def find_model(name_or_path: str) -> Path:
    """The file of a model: a path, or the name of one in `weights/`.

    Raises:
        ModelError: neither exists; the message lists the names.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = WEIGHTS_FOLDER / f"{name_or_path}.onnx"
    if shipped.is_file():
        return shipped
    names = sorted(p.stem for p in WEIGHTS_FOLDER.glob("*.onnx") if p.stem != FACE_FINDER)
    raise ModelError(f"{name_or_path}: no such model file, nor one of the shipped models ({', '.join(names)})")


def check_sum(path: Path) -> None:
    """Refuse a file that differs from what the SHA256SUMS beside it says of it; one that is not listed passes.

    Raises:
        ModelError: it differs.
    """
    expected = listed_sum(path)
    if expected and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise ModelError(f"{path}: damaged or changed, its SHA-256 is not the one in {CHECKSUMS_NAME}: get it again")


def listed_sum(path: Path) -> str | None:
    """What the SHA256SUMS beside a file says of it; None where it says nothing."""
    sums = path.with_name(CHECKSUMS_NAME)
    lines = sums.read_text().splitlines() if sums.is_file() else []
    return {name.lstrip(" *"): digest for digest, _, name in (line.partition(" ") for line in lines)}.get(path.name)


def _check_signature(session: ort.InferenceSession, card: ModelCard, path: Path) -> tuple[str, str]:
    """The names of input and output, after a look at the shapes and types on both ends."""
    crop_hw, thumbnail_hw = CROP_SIZE_WH[::-1], (FINDER_SIDE_PX, FINDER_SIDE_PX)
    expected: dict[tuple[str, str], tuple[str, tuple[int, ...], str, str, list[int | None]]] = {
        (SEGMENTER, PROBS): ("crop_bgr", crop_hw, "probs", "float", [len(card.regions), *crop_hw]),
        (SEGMENTER, LABELS): ("crop_bgr", crop_hw, "labels", "uint8", [*crop_hw]),
        (FACE_FINDER, PROBS): ("thumbnail_bgr", thumbnail_hw, "faces", "float", [None, 7]),
    }
    if (card.kind, card.output) not in expected:
        raise ModelError(f"{path}: a model of unknown kind {card.kind!r}")
    name_in, size_hw, name_out, type_out, tail = expected[card.kind, card.output]
    inputs, outputs = session.get_inputs(), session.get_outputs()
    is_right = (
        [i.name for i in inputs] == [name_in]
        and inputs[0].type == "tensor(uint8)"
        and inputs[0].shape[1:] == [*size_hw, 3]
        and [o.name for o in outputs] == [name_out]
        and outputs[0].type == f"tensor({type_out})"
        and len(outputs[0].shape) == len(tail) + 1
        and all(isinstance(got, int) for got in outputs[0].shape[1:])
        and all(want in (None, got) for want, got in zip(tail, outputs[0].shape[1:], strict=True))
    )
    if not is_right:
        wanted = f"{name_in} uint8 {size_hw} -> {name_out} {type_out} {tail}"
        raise ModelError(f"{path}: its input or output is not {wanted}")
    return name_in, name_out
