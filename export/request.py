"""What is exported, and what its files are compared on: all that is read before anything is written."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from export.choices import Precision
from export.images import calibration_images, held_out_images, public_images_for
from export.onnx_graph import model_kind
from export.public_images import Images
from realtime.core.errors import UserError
from realtime.inference.session import FACE_FINDER
from train.checkpoint import NetworkSpec, file_sha256, load_checkpoint
from train.labelling.landmarks import fetch_landmarker
from train.labelling.outlines import read_contours


@dataclass(frozen=True)
class ExportRequest:
    """What is exported.

    Attributes:
        checkpoint: the file it comes from.
        network: trained, in evaluation mode.
        spec: what it is.
        scores: of this network, by name.
        images: to compare the files with it on.
        calibration: pictures for int8; None where it is not asked for.
        data: the folder of faces that the images are from; None where they are the public ones.
        mask_region: what its masks of 0 and 255 show.
        contours: folder of people's outlines, to score on.
        landmarker: MediaPipe's model file, which the outlines need.
    """

    checkpoint: Path
    network: nn.Module
    spec: NetworkSpec
    scores: dict[str, Any]
    images: Images
    calibration: Images | None = None
    data: Path | None = None
    mask_region: str | None = None
    contours: Path | None = None
    landmarker: Path | None = None

    @property
    def checkpoint_sha256(self) -> str:
        """Of the file, in hex."""
        return file_sha256(self.checkpoint)


def read_source(
    checkpoint: Path,
    precisions: list[Precision],
    data: Path | None = None,
    mask_region: str | None = None,
    scores: Path | None = None,
    calibration: Path | None = None,
    contours: Path | None = None,
    landmarker: Path | None = None,
) -> ExportRequest:
    """Everything that the export needs, checked.

    Raises:
        UserError: a file is missing or broken, or int8 has nothing to be calibrated on; the message says which.
    """
    try:
        network, spec = load_checkpoint(checkpoint)
        images = public_images_for(spec) if data is None else held_out_images(spec, data, mask_region)
        if Precision.INT8 in precisions and calibration is None:
            raise ValueError("int8 needs pictures to be calibrated on: --calibration LABELSET, or a folder of crops")
        if contours and model_kind(spec) == FACE_FINDER:
            raise ValueError(f"{contours}: outlines score a segmenter, and {checkpoint} is none")
        if contours:
            read_contours(contours)
        return ExportRequest(
            checkpoint,
            network,
            spec,
            read_scores(scores) if scores else {},
            images,
            calibration_images(spec, calibration) if calibration and Precision.INT8 in precisions else None,
            data,
            mask_region,
            contours,
            fetch_landmarker(landmarker) if contours else None,
        )
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None


def read_scores(path: Path) -> dict[str, Any]:
    """What `python -m train evaluate` wrote.

    Raises:
        ValueError: the file is missing, or holds no JSON object.
    """
    try:
        scores = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: no scores can be read from it ({error})") from None
    if not isinstance(scores, dict):
        raise ValueError(f"{path}: no scores can be read from it (not a JSON object)")
    return scores
