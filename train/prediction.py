"""Masks of photos, from a checkpoint or a model file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from realtime.core.geometry import CROP_SIZE_WH, BgrImage, CropLayout, CropTransform, crop_face, warp_to_frame
from realtime.core.regions import Region
from train.checkpoint import NetworkSpec, load_checkpoint
from train.labelling.label_maps import face_points, tint
from train.labelling.landmarks import FaceLandmarker, Landmarks
from train.labelling.photos import unique_names
from train.networks import FACE_FINDER
from train.networks.heads import class_map, to_probs

if TYPE_CHECKING:
    from realtime.inference.session import ModelCard

LabelMap = npt.NDArray[np.uint8]
Probs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PhotoSegmenter:
    """A network or model file that gives label maps.

    Attributes:
        predict: (N, C, 218, 178) probabilities of (N, 218, 178, 3) uint8 crops.
        regions: what a pixel can be, background first.
        head: softmax or sigmoid.
        layout: of the crops.
    """

    predict: Callable[[npt.NDArray[np.uint8]], Probs]
    regions: tuple[Region, ...]
    head: str
    layout: CropLayout

    @classmethod
    def of_network(cls, network: nn.Module, spec: NetworkSpec) -> "PhotoSegmenter":
        """That of a network in evaluation mode, on the CPU."""
        place = spec.build_place()

        def predict(crops: npt.NDArray[np.uint8]) -> Probs:
            with torch.inference_mode():
                probs: Probs = place(to_probs(network(torch.from_numpy(crops)), spec.head)).numpy()
            return probs

        return cls(predict, _with_background(place.regions), spec.head, place.layout)

    @classmethod
    def read(cls, path: Path) -> "PhotoSegmenter":
        """That of a .pt file that `fit` wrote, or of an .onnx file that `export` did.

        Raises:
            ValueError: the file is missing, broken or no segmenter.
        """
        if path.suffix != ".onnx":
            network, spec = load_checkpoint(path)
            if spec.arch == FACE_FINDER:
                raise ValueError(f"{path}: a {FACE_FINDER}, where a segmenter is needed")
            return cls.of_network(network, spec)
        from realtime.core.errors import UserError  # here, so that training does without ONNX Runtime
        from realtime.inference.session import SEGMENTER, Provider, Session

        try:
            session = Session(path, SEGMENTER, Provider.CPU)
        except UserError as error:
            raise ValueError(str(error)) from None
        return cls.of_card(session.card, session.run)

    @classmethod
    def of_card(cls, card: "ModelCard", predict: Callable[[npt.NDArray[np.uint8]], Probs]) -> "PhotoSegmenter":
        """That of a model file with this card, which is run by `predict`."""
        return cls(predict, _with_background(card.regions), card.activation, card.layout)

    def segment_crop(self, crop_bgr: BgrImage) -> LabelMap:
        """(218, 178) region ids of an aligned crop."""
        return self._label_map(self.predict(crop_bgr[None]))

    def segment_photo(self, photo_bgr: BgrImage, faces: Sequence[Landmarks]) -> LabelMap:
        """(H, W) region ids of these faces in the photo's own pixels; where two overlap, the later one's."""
        label_map = np.zeros(photo_bgr.shape[:2], np.uint8)
        box = (0, 0, photo_bgr.shape[1], photo_bgr.shape[0])
        for landmarks in faces:
            crop = CropTransform.from_points(face_points(landmarks), self.layout)
            probs = self.predict(crop_face(photo_bgr, crop)[None])[0]
            of_face = self._label_map(np.stack([warp_to_frame(channel, crop, box) for channel in probs])[None])
            label_map = np.where(of_face > 0, of_face, label_map)
        return label_map

    def _label_map(self, probs: Probs) -> LabelMap:
        ids = np.array(self.regions, np.uint8)
        label_map: LabelMap = ids[class_map(torch.from_numpy(probs), self.head)[0].numpy()]
        return label_map


def _with_background(regions: Sequence[Region]) -> tuple[Region, ...]:
    return (Region.BACKGROUND, *(region for region in regions if region != Region.BACKGROUND))


def predict_photos(
    segmenter: PhotoSegmenter,
    photos: Sequence[Path],
    landmarker: FaceLandmarker | None,
    out: Path,
    on_photo: Callable[[], None],
) -> list[Path]:
    """Write NAME.png (region ids, the photo's own size) and NAME_overlay.jpg for each photo.

    Args:
        segmenter: what looks at them.
        photos: files.
        landmarker: finds the faces; None where the photos are aligned crops themselves.
        out: folder; made where it is missing.
        on_photo: called after each.

    Returns:
        the photos without a face; their masks are empty.

    Raises:
        ValueError: a photo is unreadable, or no crop where they are to be.
    """
    out.mkdir(parents=True, exist_ok=True)
    without_face = []
    for path, name in zip(photos, unique_names(photos), strict=True):
        photo_bgr = read_photo(path, is_aligned=landmarker is None)
        if landmarker is None:
            label_map = segmenter.segment_crop(photo_bgr)
        else:
            faces = landmarker.find(photo_bgr)
            label_map = segmenter.segment_photo(photo_bgr, faces)
            without_face += [] if faces else [path]
        cv2.imwrite(str(out / f"{name}.png"), label_map)
        cv2.imwrite(str(out / f"{name}_overlay.jpg"), tint(photo_bgr, label_map))
        on_photo()
    return without_face


def read_photo(path: Path, *, is_aligned: bool) -> BgrImage:
    """(H, W, 3) uint8.

    Raises:
        ValueError: it is unreadable, or no 178x218 crop where it is to be one.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path}: missing or unreadable")
    size_wh = (pixels.shape[1], pixels.shape[0])
    if is_aligned and size_wh != CROP_SIZE_WH:
        wanted = "x".join(map(str, CROP_SIZE_WH))
        raise ValueError(
            f"{path}: {size_wh[0]}x{size_wh[1]}, where --aligned wants {wanted}; without it faces are found"
        )
    return BgrImage(pixels)
