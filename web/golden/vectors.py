"""What realtime/ answers in chosen cases; `web/tests/golden.test.ts` asks the TypeScript the same."""

import math
from typing import Any

import numpy as np

from realtime.capture import demo
from realtime.core.geometry import LAYOUTS, TIGHT, CropTransform, crop_face, thumbnail
from realtime.core.regions import PARTS, Region
from realtime.drawing import effects
from realtime.drawing.painter import Overlay
from realtime.drawing.parts import Buffers, find_patch, hiding_box
from realtime.drawing.style import NAMED_COLORS_BGR, Effect, Style
from realtime.face import Face, label_crop, measure_parts, part_channels
from realtime.timing import StageTimer
from realtime.tracking.smoothing import STRENGTHS, CropMotion, CropSmoother, Smoothing
from realtime.tracking.tracker import FaceTracker
from web.golden.scene import ColorSegmenter, DrawnFace, Ellipses, draw, ellipse_probs
from web.golden.tables import rgb

FRAME_WH = (320, 240)
ALL_REGIONS = tuple(Region)
MASK: Ellipses = {
    Region.RIGHT_EYE: (56.0, 88.5, 14.0, 6.0),
    Region.LEFT_EYE: (121.0, 87.0, 13.0, 7.0),
    Region.RIGHT_IRIS: (55.0, 88.0, 5.0, 5.0),
    Region.UPPER_LIP: (90.0, 156.0, 27.0, 5.0),
    Region.LOWER_LIP: (89.0, 168.0, 23.0, 6.0),
}
"""A face in the crop, without a left iris."""
FACES = {
    "upright": DrawnFace((150.0, 90.0)),
    "tilted, small": DrawnFace((170.0, 110.0), 0.55, 0.4),
    "past the edge": DrawnFace((40.0, 60.0), 1.2, -0.3),
    "near, reduced first": DrawnFace((160.0, 80.0), 2.6, 0.1),
}


def vectors() -> dict[str, Any]:
    """Every group of cases, each by its name."""
    return {
        "crop": {name: crop_case(face, layout) for name, face in FACES.items() for layout in ("tight",)}
        | {"celeba": crop_case(FACES["tilted, small"], "celeba")},
        "cropFace": {name: crop_face_case(face) for name, face in FACES.items()},
        "thumbnail": {
            "{}x{}".format(*wh): thumbnail_case(wh) for wh in ((640, 480), (500, 281), (90, 120), (1280, 720))
        },
        "parts": parts_cases(),
        "labels": labels_case(),
        "motion": motion_cases(),
        "smoothing": {level.value: smoothing_case(level) for level in STRENGTHS},
        "tracker": {"off": tracker_case(Smoothing.OFF), "low": tracker_case(Smoothing.LOW)},
        "tables": table_cases(),
        "hiding": hiding_cases(),
        "pixelate": {"{}x{}".format(*wh): pixelate_case(wh) for wh in ((124, 93), (93, 124), (61, 40), (200, 120))},
        "overlay": {effect.value: overlay_case(effect) for effect in Effect if effect is not Effect.CUTOUT},
        "demo": demo_cases(),
    }


def crop_numbers(crop: CropTransform) -> list[float]:
    """Mid-eye x and y, scale, angle."""
    return [*crop.mid_eye_px, crop.scale, crop.angle_rad]


def crop_case(face: DrawnFace, layout: str) -> dict[str, Any]:
    """A crop from three points, both ways, and its box."""
    crop = CropTransform.from_points(face.points, LAYOUTS[layout])
    return {
        "points": face.points.tolist(),
        "layout": layout,
        "numbers": crop_numbers(crop),
        "matrix": crop.matrix.tolist(),
        "pixelMatrix": crop.pixel_matrix.tolist(),
        "facePoints": crop.face_points.tolist(),
        "toCrop": crop.to_crop(np.array([[0.0, 0.0], [100.0, 50.0]])).tolist(),
        "box": crop.frame_box(FRAME_WH),
        "pieceBox": crop.frame_box(FRAME_WH, (40, 80, 70, 100)),
    }


def crop_face_case(face: DrawnFace) -> dict[str, Any]:
    """Some pixels of a face's crop."""
    crop_bgr = crop_face(draw(face, FRAME_WH), CropTransform.from_points(face.points))
    return {"face": face.to_json(), "every": 13, "bgr": crop_bgr[::13, ::13].reshape(-1).tolist()}


def thumbnail_case(size_wh: tuple[int, int]) -> dict[str, Any]:
    """Some pixels of a frame's thumbnail."""
    face = DrawnFace((size_wh[0] * 0.45, size_wh[1] * 0.4), max(size_wh) / 400, 0.2)
    small, scale = thumbnail(draw(face, size_wh))
    return {"face": face.to_json(), "sizeWh": size_wh, "scale": scale, "bgr": small[::11, ::11].reshape(-1).tolist()}


def parts_cases() -> dict[str, Any]:
    """Centroids, areas, certainties and boxes, of a whole face and of one with a closed eye."""
    cases: dict[str, Any] = {}
    masks: dict[str, Ellipses] = {"whole": MASK, "one eye": {r: e for r, e in MASK.items() if r != Region.LEFT_EYE}}
    for name, mask in masks.items():
        parts = measure_parts(ellipse_probs(mask, ALL_REGIONS), part_channels(ALL_REGIONS) or [])
        cases[name] = {
            "mask": {int(region): numbers for region, numbers in mask.items()},
            "points": [[None if math.isnan(number) else number for number in point] for point in parts.points.tolist()],
            "areas": parts.areas_px.tolist(),
            "certainty": parts.certainty.tolist(),
            "boxes": parts.boxes,
        }
    return cases


def labels_case() -> dict[str, Any]:
    """How many pixels of each region, with a background and without one."""
    probs = ellipse_probs(MASK, ALL_REGIONS)
    whole = np.bincount(label_crop(probs, ALL_REGIONS).ravel(), minlength=8)
    bare = np.bincount(label_crop(probs[1:], ALL_REGIONS[1:]).ravel(), minlength=8)
    return {"mask": {int(region): e for region, e in MASK.items()}, "counts": whole.tolist(), "bare": bare.tolist()}


def motion_cases() -> dict[str, Any]:
    """Where two points of the crop have drifted from one frame to the next."""
    cases = {}
    before = DrawnFace((150.0, 90.0))
    crop = CropTransform.from_points(before.points)
    for name, after in {
        "still": before,
        "shifted": DrawnFace((151.4, 89.1)),
        "turned": DrawnFace((150.5, 90.4), 1.01, 0.015),
        "gone": None,
    }.items():
        motion = CropMotion()
        motion.follow(crop_face(draw(before, FRAME_WH), crop))
        drift = motion.follow(crop_face(draw(after, FRAME_WH), crop))
        points = np.array([[56.0, 88.0], [89.0, 162.0]])
        moved = None if drift is None else (points @ drift[:, :2].T + drift[:, 2]).tolist()
        cases[name] = {
            "before": before.to_json(),
            "after": after and after.to_json(),
            "points": points.tolist(),
            "moved": moved,
        }
    return cases


def smoothing_case(level: Smoothing) -> dict[str, Any]:
    """A crop that stands, then moves and turns past half a turn."""
    smoother = CropSmoother(STRENGTHS[level])
    steps = []
    for index in range(12):
        moving = max(0, index - 4)
        jitter = 0.6 * (-1) ** index
        crop = CropTransform((100 + jitter + 5 * moving, 80 - jitter), 0.7 + 0.02 * moving, 3.0 + 0.06 * index)
        time_s = index / 30 + (0.02 if index == 7 else 0)
        steps.append(
            {"timeS": time_s, "crop": crop_numbers(crop), "smoothed": crop_numbers(smoother.smooth(crop, time_s))}
        )
    return {"steps": steps}


class ScriptedFinder:
    """Finds what the frame at hand says, and counts."""

    def __init__(self) -> None:
        self.face: DrawnFace | None = None
        self.calls = 0

    def find(self, _: object) -> list[Any]:
        """The face at hand, a little off."""
        self.calls += 1
        return [] if self.face is None else [self.face.found(0.9, (4.0, -3.0))]


def tracker_case(smoothing: Smoothing) -> dict[str, Any]:
    """A face that comes, moves, blinks, is covered, goes, and comes back."""
    finder = ScriptedFinder()
    tracker = FaceTracker(finder, ColorSegmenter(), 1, smoothing, StageTimer())  # type: ignore[arg-type]  # fakes
    steps = []
    for index, face in enumerate(script()):
        finder.face, finder.calls = face, 0
        faces = tracker.follow(draw(face, FRAME_WH), index / 10, is_still=False)
        seen = [
            {
                "number": one.number,
                "crop": crop_numbers(one.transform),
                "mean": one.probs.mean(axis=(1, 2)).astype(float).round(6).tolist(),
            }
            for one in faces
        ]
        steps.append({"timeS": index / 10, "face": face and face.to_json(), "looks": finder.calls, "faces": seen})
    return {"steps": steps}


def script() -> list[DrawnFace | None]:
    """Of the frames, ten a second."""
    moving = [DrawnFace((140 + 3.0 * step, 90 + 2.0 * math.sin(step)), 0.8, 0.03 * step) for step in range(8)]
    last = moving[-1]
    shut = DrawnFace(last.mid_eye, last.size, last.angle_rad, eye=(0.0, 0.0))
    faceless = DrawnFace(last.mid_eye, last.size, last.angle_rad, eye=(0.0, 0.0), mouth=(0.0, 0.0))
    huge = DrawnFace(last.mid_eye, last.size, last.angle_rad, eye=(40.0, 40.0))
    jump = DrawnFace((220.0, 90.0), 0.8)
    return [
        None,
        None,
        *moving,
        shut,
        shut,
        last,
        faceless,
        last,
        last,
        huge,
        last,
        last,
        jump,
        jump,
        *[None] * 16,
        last,
        last,
    ]


def table_cases() -> dict[str, Any]:
    """The tables that effects look alpha and colours up in."""
    shades = [
        {
            "color": rgb(NAMED_COLORS_BGR[name]),
            "mean": mean,
            "pull": pull,
            "shades": effects.shade_table(NAMED_COLORS_BGR[name], mean, pull)[::17, 0, ::-1].tolist(),
        }
        for name, mean, pull in (("red", 90.0, 0.7), ("blue", 40.0, 0.5), ("nude", 254.9, 0.7))
    ]
    edges = [
        {"scale": scale, "opacity": opacity, "alpha": effects._edge_table(scale, opacity)[::17].tolist()}
        for scale, opacity in ((0.7, 0.55), (2.0, 1.0))
    ]
    feathers = [{"strength": s, "alpha": effects._feather_table(s)[::17].tolist()} for s in (0.5, 1.0)]
    return {"shades": shades, "edges": edges, "feathers": feathers}


def hiding_cases() -> dict[str, Any]:
    """What pixelation covers, with all seen and with nothing seen."""
    cases = {}
    crop = CropTransform.from_points(FACES["upright"].points)
    masks: dict[str, Ellipses] = {"seen": MASK, "unseen": {}}
    for name, mask in masks.items():
        face = Face(1, crop, ellipse_probs(mask, ALL_REGIONS), ALL_REGIONS)
        boxes = [
            hiding_box(number, find_patch(face, part, FRAME_WH, Buffers()), crop, FRAME_WH)
            for number, part in enumerate(PARTS)
        ]
        cases[name] = {"mask": {int(r): e for r, e in mask.items()}, "crop": crop_numbers(crop), "boxes": boxes}
    return cases


def pixelate_case(size_wh: tuple[int, int]) -> dict[str, Any]:
    """Some pixels of a hidden box; 4.5 blocks are 4 to one who rounds a half to the even neighbour."""
    width, height = size_wh
    face, left, top = FACES["near, reduced first"], 50, 60
    frame = draw(face, FRAME_WH)
    effects.pixelate(frame[top : top + height, left : left + width])
    pixels = frame[top : top + height : 7, left : left + width : 7, ::-1]
    return {"face": face.to_json(), "box": [left, top, left + width, top + height], "rgb": pixels.reshape(-1).tolist()}


def overlay_case(effect: Effect) -> dict[str, Any]:
    """Some pixels around the mouth and the right eye, with the effect drawn."""
    drawn = DrawnFace((150.0, 90.0), 1.3, 0.15)
    frame = draw(drawn, FRAME_WH)
    before = frame.copy()
    crop = CropTransform.from_points(drawn.points, TIGHT)
    face = Face(1, crop, ellipse_probs(MASK, ALL_REGIONS), ALL_REGIONS)
    Overlay().draw(frame, [face], Style(effect, opacity=0.6))
    changed = np.argwhere((frame != before).any(axis=2))[::37]
    return {
        "face": drawn.to_json(),
        "mask": {int(region): numbers for region, numbers in MASK.items()},
        "opacity": 0.6,
        "changed": int((frame != before).any(axis=2).sum()),
        "pixels": [[int(x), int(y), *frame[y, x, ::-1].tolist()] for y, x in changed],
    }


def demo_cases() -> dict[str, Any]:
    """How the portrait lies in the demo, at some times."""
    return {str(time_s): {"matrix": demo.portrait_matrix(time_s).tolist()} for time_s in (0.0, 1.3, 7.9)}
