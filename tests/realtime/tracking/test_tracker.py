"""Faces are found once, followed by their own masks, and given up when the masks are no face."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import TIGHT, BgrImage, CropTransform, Points
from realtime.core.regions import Region
from realtime.face import Face, FaceParts
from realtime.inference.session import SEGMENTER, ModelCard
from realtime.timing import StageTimer
from realtime.tracking.finder import FoundFace
from realtime.tracking.smoothing import Smoothing
from realtime.tracking.tracker import (
    DOUBT_S,
    IDLE_LOOK_S,
    KEEN_S,
    LOOK_AGAIN_S,
    REMEMBER_S,
    FaceTracker,
    Track,
    complete_points,
    is_near,
    seen_parts,
    without_doubles,
)

TIGHT_POINTS = np.array([[56.0, 88.0], [122.0, 88.0], [89.0, 162.0]])
REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP)
BLUE, GREEN, RED = (255, 0, 0), (0, 255, 0), (0, 0, 255)
FINDER_ERROR_PX = np.array([[5.0, -4.0], [-4.0, 5.0], [6.0, 6.0]])
"""Of the finder's points, at the crop's scale: a tenth of the distance between the eyes."""


@dataclass(frozen=True)
class DrawnFace:
    """A face of three ellipses: right eye blue, left eye green, mouth red.

    Lengths are those of the tight crop, times `size`.
    """

    mid_eye: tuple[float, float]
    size: float = 1.0
    angle_rad: float = 0.0
    eye_axes: tuple[float, float] = (13.0, 7.0)
    left_eye_axes: tuple[float, float] | None = None
    mouth_axes: tuple[float, float] = (26.0, 12.0)
    light: float = 1.0

    @property
    def points(self) -> Points:
        """(3, 2) in frame pixels."""
        cos, sin = math.cos(self.angle_rad), math.sin(self.angle_rad)
        upright = np.array([[-33.0, 0.0], [33.0, 0.0], [0.0, 74.0]]) * self.size
        return upright @ np.array([[cos, sin], [-sin, cos]]) + self.mid_eye

    def draw(self, frame_bgr: BgrImage) -> None:
        axes = (self.eye_axes, self.left_eye_axes or self.eye_axes, self.mouth_axes)
        for point, half_axes, color in zip(self.points, axes, (BLUE, GREEN, RED), strict=True):
            if min(half_axes) > 0:
                center = np.round((point - 0.5) * 16).astype(int).tolist()
                fine_axes = np.round(np.multiply(half_axes, 16 * self.size)).astype(int).tolist()
                lit = tuple(round(self.light * value) for value in color)
                cv2.ellipse(frame_bgr, center, fine_axes, math.degrees(self.angle_rad), 0, 360, lit, -1, cv2.LINE_8, 4)

    def found(self, score: float = 0.9) -> FoundFace:
        """As an imprecise finder sees it."""
        return FoundFace(score, self.points + FINDER_ERROR_PX * self.size)


FACE = DrawnFace((300.0, 200.0))
LEFT_FACE, RIGHT_FACE = DrawnFace((150.0, 200.0)), DrawnFace((450.0, 220.0), size=0.8)


def picture(*faces: DrawnFace) -> BgrImage:
    frame = BgrImage(np.zeros((480, 640, 3), np.uint8))
    for face in faces:
        face.draw(frame)
    return frame


class ColorSegmenter:
    """Sees a right eye in blue, a left eye in green, lips in red."""

    def __init__(self, regions: tuple[Region, ...] = REGIONS) -> None:
        self.card = ModelCard(SEGMENTER, regions, TIGHT, "softmax", "fp32", "", "", {})
        self.batches: list[int] = []

    def output_shape(self, batch: int) -> tuple[int, ...]:
        return (batch, len(self.card.regions), 218, 178)

    def run(self, images_bgr: npt.NDArray[np.uint8], out: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        self.batches.append(len(images_bgr))
        parts = images_bgr.transpose(0, 3, 1, 2).astype(np.float32) / 255
        background = np.clip(1 - parts.sum(axis=1, keepdims=True), 0, 1)
        out[:] = np.concatenate([background, parts], axis=1)[:, : len(self.card.regions)]
        return out


class ScriptedFinder:
    """Finds what it is told to, and counts."""

    def __init__(self, *finds: FoundFace) -> None:
        self.finds = list(finds)
        self.calls = 0

    def find(self, frame_bgr: BgrImage) -> list[FoundFace]:
        self.calls += 1
        return list(self.finds)


def make_tracker(
    finder: ScriptedFinder,
    segmenter: ColorSegmenter | None = None,
    most_faces: int = 1,
    smoothing: Smoothing = Smoothing.OFF,
) -> FaceTracker:
    return FaceTracker(finder, segmenter or ColorSegmenter(), most_faces, smoothing, StageTimer())


FRAME_NUMBERS = count()
FPS = 30


def follow(tracker: FaceTracker, *frames: Sequence[DrawnFace]) -> list[Face]:
    """The faces of the last of these frames of a video, which goes on from call to call."""
    faces: list[Face] = []
    for drawn in frames:
        faces = tracker.follow(picture(*drawn), next(FRAME_NUMBERS) / FPS, is_still=False)
    return faces


def frames_in(seconds: float) -> int:
    """How many frames that takes, and one more."""
    return math.ceil(seconds * FPS) + 1


def error_px(face: Face, drawn: DrawnFace) -> float:
    """How far the face is from where the crop wants it, in crop pixels."""
    return float(np.abs(face.transform.to_crop(drawn.points) - TIGHT_POINTS).max())


@pytest.mark.parametrize(
    "drawn",
    [
        FACE,
        replace(FACE, angle_rad=0.5),
        replace(FACE, angle_rad=-1.2, size=1.5),
        replace(FACE, size=0.3),
        replace(FACE, size=2.2),
    ],
    ids=["upright", "tilted", "lying", "small", "large"],
)
def test_a_new_faces_crop_converges_onto_its_own_mask(drawn: DrawnFace) -> None:
    (face,) = follow(make_tracker(ScriptedFinder(drawn.found())), [drawn])
    assert_allclose(drawn.found().points, drawn.points, atol=7 * drawn.size)
    assert error_px(face, drawn) < 0.6


def test_a_new_face_is_looked_at_three_times_and_a_followed_one_once() -> None:
    segmenter = ColorSegmenter()
    tracker = make_tracker(ScriptedFinder(FACE.found()), segmenter)
    follow(tracker, [FACE])
    assert segmenter.batches == [1, 1, 1]
    follow(tracker, [FACE], [FACE])
    assert segmenter.batches == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(("smoothing", "most_px"), [("off", 6.5), ("low", 12), ("high", 16)])
def test_a_moving_face_is_followed_without_the_finder(smoothing: str, most_px: float) -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder, smoothing=Smoothing(smoothing))
    worst = 0.0
    for index in range(40):
        step = abs((index + 10) % 40 - 20) - 10  # there and back again
        drawn = DrawnFace((300.0 + 5 * step, 200.0 + 2 * step), 1.02**step, 0.03 * step)
        (face,) = tracker.follow(picture(drawn), next(FRAME_NUMBERS) / FPS, is_still=False)
        assert face.number == 1
        worst = max(worst, error_px(face, drawn))
    assert worst < most_px
    assert finder.calls == 1


def test_the_mask_belongs_to_the_very_frame_it_comes_with() -> None:
    tracker = make_tracker(ScriptedFinder(FACE.found()))
    moved = replace(FACE, mid_eye=(310.0, 205.0))
    (face,) = follow(tracker, [FACE], [moved])
    blue = np.argwhere(face.probs[1] > 0.5)[:, ::-1] + 0.5
    assert_allclose(face.transform.to_frame(blue.mean(axis=0, keepdims=True))[0], moved.points[0], atol=0.5)


def test_a_find_that_the_mask_does_not_confirm_is_no_face() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    assert follow(tracker, [], []) == []
    assert finder.calls == 2
    (face,) = follow(tracker, [FACE])
    assert face.number == 1  # what was no face took no number


@pytest.mark.parametrize(
    "points", [np.zeros((3, 2)), np.full((3, 2), np.nan)], ids=["all in one place", "not a number"]
)
def test_a_find_that_can_be_no_face_is_passed_over(points: Points) -> None:
    tracker = make_tracker(ScriptedFinder(FoundFace(0.9, points), FACE.found(0.5)))
    (face,) = follow(tracker, [FACE])
    assert error_px(face, FACE) < 0.6


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [replace(FACE, light=0.6)],
        [replace(FACE, left_eye_axes=(0, 0), mouth_axes=(0, 0))],
        [replace(FACE, eye_axes=(28, 26))],
        [replace(FACE, left_eye_axes=(28, 26))],
        [replace(FACE, mouth_axes=(88, 30))],
        [replace(FACE, eye_axes=(1.3, 1.3), mouth_axes=(5, 5))],
        [replace(FACE, mid_eye=(400.0, 200.0))],
        [replace(FACE, size=1.8)],
        [replace(FACE, angle_rad=0.8)],
    ],
    ids=[
        "nothing there",
        "uncertain",
        "only an eye",
        "eyes too large",
        "one eye too large",
        "mouth too large",
        "all too small",
        "jumped away",
        "grown at once",
        "turned at once",
    ],
)
def test_a_mask_that_is_no_face_gives_the_face_up_and_calls_the_finder(seen: list[DrawnFace]) -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    follow(tracker, [FACE], [FACE])
    assert finder.calls == 1
    finder.finds = []
    assert follow(tracker, seen) == []
    assert finder.calls == 2


def test_noise_is_no_face() -> None:
    tracker = make_tracker(ScriptedFinder(FACE.found()))
    follow(tracker, [FACE])
    noise = BgrImage(np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8))
    assert tracker.follow(noise, next(FRAME_NUMBERS) / FPS, is_still=False) == []


def test_a_face_that_jumped_is_found_again_in_the_same_frame_under_a_new_number() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    follow(tracker, [FACE])
    finder.finds = [LEFT_FACE.found()]
    (face,) = follow(tracker, [LEFT_FACE])
    assert (face.number, finder.calls) == (2, 2)
    assert error_px(face, LEFT_FACE) < 0.6


def test_a_hidden_eye_keeps_the_crop_where_it_is() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    winking = replace(FACE, left_eye_axes=(0, 0))
    (face,) = follow(tracker, [FACE], *[[winking]] * 8)
    assert error_px(face, FACE) < 1.0
    (face,) = follow(tracker, [FACE])
    assert error_px(face, FACE) < 1.0
    assert (face.number, finder.calls) == (1, 1)


def test_a_hidden_eye_moves_with_the_rest_of_the_face() -> None:
    tracker = make_tracker(ScriptedFinder(FACE.found()))
    steps = [replace(FACE, mid_eye=(300.0 + 5 * step, 200.0), left_eye_axes=(0, 0)) for step in range(8)]
    (face,) = follow(tracker, [FACE], *[[drawn] for drawn in steps])
    assert error_px(face, steps[-1]) < 6.5


def test_a_hidden_mouth_keeps_the_crop_where_it_is() -> None:
    tracker = make_tracker(ScriptedFinder(FACE.found()))
    (face,) = follow(tracker, [FACE], *[[replace(FACE, mouth_axes=(0, 0))]] * 8)
    assert (face.number, error_px(face, FACE) < 1.0) == (1, True)


def test_two_faces_keep_their_numbers_whatever_the_finders_order() -> None:
    finder = ScriptedFinder(LEFT_FACE.found(0.9), RIGHT_FACE.found(0.8))
    tracker = make_tracker(finder, most_faces=2)
    for step in range(20):
        faces = [
            replace(face, mid_eye=(face.mid_eye[0] + 3 * step, face.mid_eye[1])) for face in (LEFT_FACE, RIGHT_FACE)
        ]
        left, right = follow(tracker, faces)
        finder.finds = [faces[1].found(), faces[0].found()]
        assert [left.number, right.number] == [1, 2]
        assert max(error_px(left, faces[0]), error_px(right, faces[1])) < 5
    assert finder.calls == 1


def test_the_face_that_stays_keeps_its_number_and_the_one_that_returns_late_gets_a_new_one() -> None:
    finder = ScriptedFinder(LEFT_FACE.found(), RIGHT_FACE.found())
    tracker = make_tracker(finder, most_faces=2)
    follow(tracker, [LEFT_FACE, RIGHT_FACE])
    (alone,) = follow(tracker, *[[RIGHT_FACE]] * frames_in(REMEMBER_S))
    assert (alone.number, error_px(alone, RIGHT_FACE) < 0.6) == (2, True)
    numbers = [face.number for face in follow(tracker, *[[LEFT_FACE, RIGHT_FACE]] * frames_in(LOOK_AGAIN_S))]
    assert numbers == [2, 3]


@pytest.mark.parametrize("most_faces", [1, 2, 3])
def test_no_more_faces_are_followed_than_wanted_the_best_first(most_faces: int) -> None:
    drawn = [LEFT_FACE, RIGHT_FACE, DrawnFace((300.0, 380.0), size=0.5)]
    finder = ScriptedFinder(*[face.found() for face in drawn])
    faces = follow(make_tracker(finder, most_faces=most_faces), *[drawn] * 20)
    assert len(faces) == most_faces
    assert all(error_px(face, there) < 0.6 for face, there in zip(faces, drawn, strict=False))


def test_all_followed_faces_go_through_the_network_together() -> None:
    segmenter = ColorSegmenter()
    tracker = make_tracker(ScriptedFinder(LEFT_FACE.found(), RIGHT_FACE.found()), segmenter, most_faces=2)
    follow(tracker, [LEFT_FACE, RIGHT_FACE])
    segmenter.batches.clear()
    follow(tracker, [LEFT_FACE, RIGHT_FACE])
    assert segmenter.batches == [2]


def test_more_faces_are_looked_for_from_time_to_time() -> None:
    finder = ScriptedFinder(LEFT_FACE.found())
    tracker = make_tracker(finder, most_faces=2)
    follow(tracker, *[[LEFT_FACE]] * round(LOOK_AGAIN_S * FPS))
    assert finder.calls == 1
    finder.finds.append(RIGHT_FACE.found())
    faces = follow(tracker, [LEFT_FACE, RIGHT_FACE], [LEFT_FACE, RIGHT_FACE])
    assert (finder.calls, [face.number for face in faces]) == (2, [1, 2])
    assert max(error_px(faces[0], LEFT_FACE), error_px(faces[1], RIGHT_FACE)) < 0.6


def test_with_as_many_faces_as_wanted_the_finder_rests() -> None:
    finder = ScriptedFinder(FACE.found())
    follow(make_tracker(finder), *[[FACE]] * frames_in(2 * LOOK_AGAIN_S))
    assert finder.calls == 1


def test_with_nobody_there_every_frame_is_searched_at_first_and_fewer_later() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    follow(tracker, [FACE])
    finder.calls, finder.finds = 0, []
    follow(tracker, *[[]] * 20)
    assert finder.calls == 20
    follow(tracker, *[[]] * frames_in(KEEN_S))
    finder.calls = 0
    follow(tracker, *[[]] * FPS)
    assert finder.calls == pytest.approx(1 / IDLE_LOOK_S, abs=1)


def test_who_comes_into_an_empty_room_is_found_at_the_next_look() -> None:
    finder = ScriptedFinder()
    tracker = make_tracker(finder)
    follow(tracker, *[[]] * frames_in(KEEN_S + 1))
    finder.finds = [FACE.found()]
    assert len(follow(tracker, *[[FACE]] * frames_in(IDLE_LOOK_S))) == 1


BLINK = replace(FACE, eye_axes=(0, 0))


def test_a_blink_keeps_the_face_and_its_crop_follows_the_mouth() -> None:
    tracker = make_tracker(ScriptedFinder(FACE.found()))
    follow(tracker, [FACE])
    steps = [replace(BLINK, mid_eye=(300.0 + 4 * step, 200.0)) for step in range(10)]
    (face,) = follow(tracker, *[[drawn] for drawn in steps])
    assert (face.number, error_px(face, steps[-1]) < 6) == (1, True)


def test_a_mouth_alone_is_followed_as_long_as_the_finder_sees_a_face() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    follow(tracker, [FACE])
    (face,) = follow(tracker, *[[BLINK]] * frames_in(3 * DOUBT_S))
    assert face.number == 1
    assert finder.calls == pytest.approx(1 + 3 * DOUBT_S / LOOK_AGAIN_S, abs=1)
    finder.finds = []
    assert len(follow(tracker, *[[BLINK]] * round(DOUBT_S * FPS * 0.5))) == 1
    assert follow(tracker, *[[BLINK]] * frames_in(DOUBT_S)) == []


def test_a_doubtful_mouth_alone_gives_the_face_up_at_once() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    follow(tracker, [FACE])
    finder.finds = []
    assert follow(tracker, [replace(BLINK, light=0.85)]) == []


@pytest.mark.parametrize(("score", "faces"), [(0.9, 1), (0.5, 0)], ids=["sure finder", "unsure finder"])
def test_a_new_face_with_closed_eyes_needs_a_sure_finder(score: float, faces: int) -> None:
    assert len(follow(make_tracker(ScriptedFinder(FACE.found(score))), [BLINK])) == faces


def test_a_face_that_is_back_within_moments_keeps_its_number() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    follow(tracker, [FACE])
    assert follow(tracker, *[[]] * 10) == []
    (face,) = follow(tracker, [replace(FACE, mid_eye=(310.0, 203.0))])
    assert face.number == 1


def test_two_faces_found_near_the_place_of_one_that_was_lost_get_two_numbers() -> None:
    # Both lie 45 pixels from the lost face's centre, and 0.6 of its interocular distance is 63; 0.6 of theirs is 20.
    lost = DrawnFace((300.0, 200.0), size=1.6)
    one, other = (DrawnFace((300.0 + aside, 227.0), size=0.5) for aside in (-45.0, 45.0))
    finder = ScriptedFinder(lost.found())
    tracker = make_tracker(finder, most_faces=2)
    follow(tracker, [lost])
    finder.finds = [one.found(), other.found()]
    assert [face.number for face in follow(tracker, [one, other])] == [1, 2]


def test_a_video_that_begins_again_after_an_empty_room_is_searched_at_once() -> None:
    tracker = make_tracker(finder := ScriptedFinder())
    for index in range(200):
        tracker.follow(picture(), index / 10, is_still=False)
    finder.finds = [FACE.found()]
    assert len(tracker.follow(picture(FACE), 3.0, is_still=False)) == 1


def test_a_video_that_begins_again_is_searched_anew() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder)
    tracker.follow(picture(FACE), 5.0, is_still=False)
    (face,) = tracker.follow(picture(FACE), 0.0, is_still=False)
    assert (face.number, finder.calls) == (1, 2)


def test_faces_that_are_new_together_go_through_the_network_together() -> None:
    segmenter = ColorSegmenter()
    follow(make_tracker(ScriptedFinder(LEFT_FACE.found(), RIGHT_FACE.found()), segmenter, 2), [LEFT_FACE, RIGHT_FACE])
    assert segmenter.batches == [2, 2, 2]


def test_a_find_that_is_no_face_makes_room_for_the_next_and_disturbs_no_mask() -> None:
    nobody = DrawnFace((320.0, 400.0), size=0.5)
    finder = ScriptedFinder(LEFT_FACE.found(), nobody.found(), RIGHT_FACE.found())
    faces = follow(make_tracker(finder, most_faces=2), [replace(LEFT_FACE, light=0.9), RIGHT_FACE])
    assert [face.number for face in faces] == [1, 2]
    assert [round(float(face.probs[1].max()), 2) for face in faces] == [0.9, 1.0]


def test_a_new_face_does_not_disturb_the_mask_of_a_followed_one() -> None:
    finder = ScriptedFinder(LEFT_FACE.found())
    tracker = make_tracker(finder, most_faces=2)
    follow(tracker, *[[LEFT_FACE]] * frames_in(LOOK_AGAIN_S))
    finder.finds = [RIGHT_FACE.found()]
    for _ in range(frames_in(LOOK_AGAIN_S)):
        faces = follow(tracker, [LEFT_FACE, RIGHT_FACE])
        blue = np.argwhere(faces[0].probs[1] > 0.5)[:, ::-1] + 0.5
        assert_allclose(blue.mean(axis=0), TIGHT_POINTS[0], atol=1)
    assert len(faces) == 2


def test_two_finds_that_settle_on_one_face_are_one_face() -> None:
    aside = FoundFace(
        0.8, FACE.points + np.array([42, 0])
    )  # too far to be the same find, near enough to slip onto the face
    (face,) = follow(make_tracker(ScriptedFinder(FACE.found(), aside), most_faces=2), [FACE])
    assert face.number == 1


def test_of_two_followed_faces_that_fall_together_the_older_stays() -> None:
    crop = CropTransform((100.0, 100.0), 1.0, 0.0)
    close, apart = replace(crop, mid_eye_px=(120.0, 100.0)), replace(crop, mid_eye_px=(180.0, 100.0))
    none = np.zeros(0, np.float32)
    no_crop = BgrImage(np.zeros((0, 0, 3), np.uint8))
    tracks = [Track(number, at, 0.0, crop, no_crop, none) for number, at in ((4, crop), (7, close), (9, apart))]
    assert [track.number for track in without_doubles(tracks)] == [4, 9]


@pytest.mark.parametrize("came_px", [-30.0, 30.0])
def test_a_face_that_covers_another_is_not_given_up_for_the_crop_that_slipped_onto_it(came_px: float) -> None:
    face = CropTransform((100.0, 100.0), 1.0, 0.0)
    covered, walking = replace(face, mid_eye_px=(100.0 + came_px, 100.0)), replace(face, mid_eye_px=(95.0, 100.0))
    none = np.zeros(0, np.float32)
    no_crop = BgrImage(np.zeros((0, 0, 3), np.uint8))
    tracks = [Track(number, face, 0.0, before, no_crop, none) for number, before in ((1, covered), (2, walking))]
    assert [track.number for track in without_doubles(tracks)] == [2]


def test_still_pictures_have_nothing_to_do_with_each_other() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder, smoothing=Smoothing.HIGH)
    assert len(tracker.follow(picture(FACE), 0.0, is_still=True)) == 1
    finder.finds = []
    assert tracker.follow(picture(FACE), 0.1, is_still=True) == []  # it would have been followed here
    dim = replace(FACE, light=0.9)
    finder.finds = [dim.found()]
    (face,) = tracker.follow(picture(dim), 0.2, is_still=True)
    assert face.probs[1].max() == pytest.approx(0.9, abs=0.01)  # and not the mean with the bright one
    assert finder.calls == 3


def test_a_still_picture_of_many_faces_gives_them_all() -> None:
    finder = ScriptedFinder(LEFT_FACE.found(), RIGHT_FACE.found())
    tracker = make_tracker(finder, most_faces=4)
    for _ in range(2):
        assert len(tracker.follow(picture(LEFT_FACE, RIGHT_FACE), 0.0, is_still=True)) == 2


@pytest.mark.parametrize(("smoothing", "expected"), [("off", 0.9), ("low", 0.95), ("high", 0.97)])
def test_smoothing_takes_the_mean_of_a_face_that_stands_still_and_off_takes_none(
    smoothing: str, expected: float
) -> None:
    tracker = make_tracker(ScriptedFinder(FACE.found()), smoothing=Smoothing(smoothing))
    (face,) = follow(tracker, [FACE], [replace(FACE, light=0.9)])
    # The shares kept of the old mean are 0, 0.5 and 0.7, and a little less where the crop still settles.
    assert face.probs[1].max() == pytest.approx(expected, abs=0.012)


def test_off_leaves_the_networks_own_answer() -> None:
    segmenter = ColorSegmenter()
    tracker = make_tracker(ScriptedFinder(FACE.found()), segmenter)
    answers: list[npt.NDArray[np.float32]] = []
    run = segmenter.run
    segmenter.run = lambda images, out: answers.append(run(images, out).copy()) or out  # type: ignore[method-assign]
    (face,) = follow(tracker, [FACE], [replace(FACE, mid_eye=(304.0, 200.0), light=0.95)])
    assert_array_equal(face.probs, answers[-1][0])


def test_a_model_without_lips_is_led_by_the_finder_alone() -> None:
    finder = ScriptedFinder(FACE.found())
    tracker = make_tracker(finder, ColorSegmenter(REGIONS[:3]), smoothing=Smoothing.HIGH)
    (face,) = follow(tracker, [FACE], [FACE], [FACE])
    assert finder.calls == 3
    assert face.transform == CropTransform.from_points(FACE.found().points)
    finder.finds = []
    assert follow(tracker, [FACE]) == []


def test_the_frame_is_read_and_not_changed() -> None:
    frame = picture(FACE)
    make_tracker(ScriptedFinder(FACE.found())).follow(frame, 0.0, is_still=False)
    assert_array_equal(frame, picture(FACE))


@pytest.mark.parametrize(
    ("areas", "certainty", "expected"),
    [
        ((300, 300, 1000), (0.9, 0.9, 0.9), (True, True, True)),
        ((0, 300, 1000), (0, 0.9, 0.9), (False, True, True)),
        ((300, 300, 1000), (0.9, 0.7, 0.7), (True, False, False)),
        ((300, 0, 100), (0.9, 0, 0.9), (True, False, False)),
        ((1700, 300, 1000), (0.9, 0.9, 0.9), (False, False, False)),
        ((300, 300, 7000), (0.9, 0.9, 0.9), (False, False, False)),
    ],
    ids=["whole", "one eye hidden", "two parts uncertain", "mouth too small", "an eye too large", "mouth too large"],
)
def test_a_part_is_seen_where_it_is_large_and_certain_and_none_is_too_large(
    areas: Sequence[float], certainty: Sequence[float], expected: Sequence[bool]
) -> None:
    areas_px = np.array(areas, np.float64)
    points = np.where(areas_px[:, None] > 0, TIGHT_POINTS, np.nan)
    assert_array_equal(
        seen_parts(FaceParts(points, areas_px, np.array(certainty, np.float64), (None, None, None))), expected
    )


def test_a_part_not_seen_moves_as_the_others_do() -> None:
    # Right eye and mouth moved by (2, 4) and (4, 0): the left eye follows by (3, 2).
    seen = np.array([[58.0, 92.0], [np.nan, np.nan], [93.0, 162.0]])
    completed = complete_points(seen, np.array([True, False, True]), TIGHT_POINTS)
    assert_allclose(completed, [[58, 92], [125, 90], [93, 162]])


def test_parts_that_are_all_seen_are_taken_as_they_are() -> None:
    seen = TIGHT_POINTS + np.array([[1, 2], [3, 4], [5, 6]])
    assert_array_equal(complete_points(seen, np.ones(3, bool), TIGHT_POINTS), seen)


@pytest.mark.parametrize(
    ("change", "is_so"),
    [
        ({}, True),
        ({"mid_eye_px": (122.0, 100.0)}, True),  # 44 crop pixels
        ({"mid_eye_px": (123.0, 100.0)}, False),  # 46
        ({"mid_eye_px": (100.0, 77.0)}, False),
        ({"scale": 3.1}, True),
        ({"scale": 3.3}, False),
        ({"scale": 1.3}, True),
        ({"scale": 1.2}, False),
        ({"angle_rad": 3.0 + 0.69}, True),
        ({"angle_rad": 3.0 + 0.71}, False),
        ({"angle_rad": 3.0 + 0.5 - 2 * math.pi}, True),
        ({"angle_rad": 3.0 - 0.71}, False),
    ],
    ids=[
        "same",
        "step",
        "jump",
        "jump up",
        "nearer",
        "too near",
        "farther",
        "too far",
        "turn",
        "spin",
        "across half a turn",
        "spin back",
    ],
)
def test_one_frame_moves_a_face_only_so_far(change: dict[str, float], is_so: bool) -> None:
    before = CropTransform((100.0, 100.0), 2.0, 3.0)
    assert is_near(before, replace(before, **change)) is is_so
