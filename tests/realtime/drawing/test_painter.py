"""Each effect lands on its regions, as strong as it should be; every other pixel stays what it was."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from realtime.config import RealtimeConfig
from realtime.core.geometry import BgrImage, CropTransform
from realtime.core.regions import COLORS_BGR, REGION_GROUPS, Region
from realtime.drawing.effects import LUMA_BGR
from realtime.drawing.painter import Overlay, Painter
from realtime.drawing.style import Effect, Style
from realtime.face import Face, Probs
from realtime.screen.controls import Controls

ALL = tuple(Region)
SHOWN = ALL[1:]
AS_IT_IS = CropTransform((189.0, 138.0), 1.0, 0.0)
"""Crop pixel (x, y) is frame pixel (x + 100, y + 50)."""
PAINTED = [effect for effect in Effect if effect not in (Effect.PIXELATE, Effect.CUTOUT)]
IN_FRAME = [effect for effect in Effect if effect is not Effect.CUTOUT]


def noise(height: int = 480, width: int = 640) -> BgrImage:
    return BgrImage(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def plain(color: tuple[int, int, int], height: int = 480, width: int = 640) -> BgrImage:
    return BgrImage(np.full((height, width, 3), color, np.uint8))


def face_of(probs: Probs, crop: CropTransform = AS_IT_IS, regions: tuple[Region, ...] = ALL) -> Face:
    return Face(1, crop, probs, regions)


def probs_in(region: Region, left: int, top: int, right: int, bottom: int, prob: float = 1.0) -> Probs:
    probs = np.zeros((len(ALL), 218, 178), np.float32)
    probs[region, top:bottom, left:right] = prob
    probs[Region.BACKGROUND] = 1 - probs[region]
    return probs


BOXES = {
    Region.RIGHT_EYE: (42, 80, 70, 96),
    Region.LEFT_EYE: (108, 80, 136, 96),
    Region.RIGHT_IRIS: (50, 80, 62, 96),
    Region.LEFT_IRIS: (116, 80, 128, 96),
    Region.UPPER_LIP: (60, 145, 118, 155),
    Region.MOUTH_INSIDE: (66, 155, 112, 163),
    Region.LOWER_LIP: (60, 163, 118, 173),
}
"""box_xyxy in the crop; an iris lies over its eye."""


def whole_face(crop: CropTransform = AS_IT_IS) -> Face:
    probs = np.zeros((len(ALL), 218, 178), np.float32)
    probs[Region.BACKGROUND] = 1
    for region, (left, top, right, bottom) in BOXES.items():
        probs[:, top:bottom, left:right] = 0
        probs[region, top:bottom, left:right] = 1
    return face_of(probs, crop)


def inside(region: Region, margin: int = 3) -> tuple[slice, slice]:
    """In the frame, of `whole_face`."""
    left, top, right, bottom = BOXES[region]
    return np.s_[top + 50 + margin : bottom + 50 - margin, left + 100 + margin : right + 100 - margin]


def blended(below: npt.NDArray[np.uint8], region: Region, alpha: float) -> npt.NDArray[np.float64]:
    return below * (1 - alpha) + alpha * np.array(COLORS_BGR[region], np.float64)


def changed_box(after: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8]) -> list[int]:
    """box_xyxy."""
    at = np.argwhere((after != before).any(axis=2))
    (top, left), (bottom, right) = at.min(axis=0), at.max(axis=0) + 1
    return [left, top, right, bottom]


# --- the overlay ---


@pytest.mark.parametrize("region", SHOWN)
@pytest.mark.parametrize("opacity", [0.3, 1.0])
def test_a_regions_colour_lands_at_its_place_and_nowhere_else(region: Region, opacity: float) -> None:
    frame = noise()
    drawn = Overlay().draw(frame, [face_of(probs_in(region, 40, 60, 70, 80))], Style(regions=SHOWN, opacity=opacity))
    assert drawn is frame
    place = np.s_[112:128, 142:168]
    assert_allclose(frame[place], blended(noise()[place], region, opacity), atol=2)
    assert_allclose(changed_box(frame, noise()), [140, 110, 170, 130], atol=1)


def test_a_blend_worked_by_hand() -> None:
    # 0.4 of the left iris's green (0, 140, 0) over (100, 200, 50): 60, 120 + 56, 30.
    frame = plain((100, 200, 50))
    Overlay().draw(frame, [face_of(probs_in(Region.LEFT_IRIS, 40, 60, 70, 80))], Style(opacity=0.4))
    assert_allclose(frame[120, 155], [60, 176, 30], atol=1)


def test_a_face_that_lies_on_its_side_and_is_large_is_coloured_there() -> None:
    # A quarter turn clockwise and twice the size: crop (119..129, 84..94) is 60..80 below and 12 left to 8 right.
    frame = noise()
    crop = CropTransform((300.0, 200.0), 0.5, math.pi / 2)
    face = face_of(probs_in(Region.LEFT_EYE, 119, 84, 129, 94), crop)
    Overlay().draw(frame, [face], Style(opacity=1.0))
    assert_allclose(frame[264:276, 292:304], np.broadcast_to(COLORS_BGR[Region.LEFT_EYE], (12, 12, 3)), atol=1)
    assert_allclose(changed_box(frame, noise()), [288, 260, 308, 280], atol=2)


def test_regions_side_by_side_leave_no_seam() -> None:
    frame = plain((0, 0, 0))
    Overlay().draw(frame, [whole_face()], Style(opacity=1.0))
    row = frame[50 + 88, 100 + 45 : 100 + 67].astype(int)  # eye, iris, eye
    assert (row.max(axis=1) >= 195).all()  # black would show between the two blues, which reach 255 each
    assert_allclose(row[11], COLORS_BGR[Region.RIGHT_IRIS], atol=2)
    assert_allclose(row[1], COLORS_BGR[Region.RIGHT_EYE], atol=2)


def test_regions_that_are_not_shown_are_not_drawn() -> None:
    overlay, look = Overlay(), Style(regions=REGION_GROUPS["lips"], opacity=1.0)
    frame = noise()
    overlay.draw(frame, [face_of(probs_in(Region.LEFT_EYE, 40, 60, 70, 80))], look)
    assert_array_equal(frame, noise())
    overlay.draw(frame, [face_of(probs_in(Region.LOWER_LIP, 40, 60, 70, 80))], look)
    assert_allclose(frame[120, 155], COLORS_BGR[Region.LOWER_LIP], atol=1)


def test_channels_may_come_in_another_order_and_be_few() -> None:
    frame = noise()
    probs = np.zeros((2, 218, 178), np.float32)
    probs[0, 60:80, 40:70] = 1
    Overlay().draw(frame, [face_of(probs, regions=(Region.UPPER_LIP, Region.RIGHT_EYE))], Style(opacity=1.0))
    assert_allclose(frame[120, 155], COLORS_BGR[Region.UPPER_LIP], atol=1)


def alpha_at(probs: Probs, crop: CropTransform = AS_IT_IS) -> npt.NDArray[np.float64]:
    """(480, 640) how much of white a red lip of full opacity covers."""
    frame = plain((255, 255, 255))
    Overlay().draw(frame, [face_of(probs, crop)], Style(opacity=1.0))
    green = COLORS_BGR[Region.LOWER_LIP][1]
    return (255.0 - frame[:, :, 1]) / (255 - green)


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_more_probable_is_never_fainter(one: float, other: float) -> None:
    less, more = sorted((one, other))
    probs = probs_in(Region.LOWER_LIP, 20, 20, 60, 60, less)
    probs[Region.LOWER_LIP, 20:60, 100:140] = more
    alpha = alpha_at(probs)
    assert alpha[90, 140] <= alpha[90, 220]


@pytest.mark.parametrize(
    ("prob", "alpha"), [(0.2, 0), (0.25, 0), (0.375, 0.25), (0.5, 0.5), (0.7, 0.9), (0.75, 1), (1, 1)]
)
def test_colour_sets_in_around_a_probability_of_a_half(prob: float, alpha: float) -> None:
    assert alpha_at(probs_in(Region.LOWER_LIP, 40, 60, 70, 80, prob))[120, 155] == pytest.approx(alpha, abs=0.02)


@pytest.mark.parametrize("scale", [1.0, 0.2], ids=["as it is", "5 times as large"])
def test_an_edge_is_soft_and_monotone(scale: float) -> None:
    probs = np.zeros((len(ALL), 218, 178), np.float32)
    probs[Region.LOWER_LIP] = np.clip((np.arange(178) - 60) / 40, 0, 1)
    alpha = alpha_at(probs, CropTransform((300.0, 240.0), scale, 0.0))[240]
    rising = alpha[: int(300 + 80 / scale)]
    assert (np.diff(rising) >= 0).all()
    assert np.diff(rising).max() < 0.08
    assert (rising.min(), rising.max()) == (0, pytest.approx(1, abs=0.02))


def test_a_hard_step_in_the_crop_is_a_straight_line_in_a_large_face() -> None:
    # A slope of a half, ten times as large: drawn pixel by pixel it would be stairs 10 frame pixels high.
    probs = np.zeros((len(ALL), 218, 178), np.float32)
    rows, columns = np.indices((218, 178))
    probs[Region.LOWER_LIP] = rows > columns / 2 + 40
    alpha = alpha_at(probs, CropTransform((320.0, 240.0), 0.1, 0.0))
    edge = (alpha < 0.5).sum(axis=0)[20:-20]
    fitted = np.polyval(np.polyfit(np.arange(len(edge)), edge, 1), np.arange(len(edge)))
    assert np.abs(edge - fitted).max() < 2


# --- the others ---


def test_a_contour_is_a_thin_line_in_the_regions_colour() -> None:
    frame = plain((255, 255, 255))
    Overlay().draw(frame, [face_of(probs_in(Region.LOWER_LIP, 40, 60, 70, 80))], Style(Effect.CONTOUR))
    across = 255.0 - frame[120, :, 1]
    assert 0.9 < across[137:145].sum() / (255 - 30) < 1.4  # as wide as that many pixels
    assert across[145:165].max() == 0
    assert across[:137].max() == 0
    darkest = frame[120, 137 + int(np.argmax(across[137:145]))]
    assert_allclose(darkest / 255, blended(np.uint8(255), Region.LOWER_LIP, across.max() / 225) / 255, atol=0.02)


def test_a_contour_is_equally_wide_where_the_network_is_unsure() -> None:
    def width(softness: float) -> float:
        probs = np.zeros((len(ALL), 218, 178), np.float32)
        probs[Region.LOWER_LIP] = 1 / (1 + np.exp(-(np.arange(178) - 88.5) / softness))
        frame = plain((255, 255, 255))
        Overlay().draw(frame, [face_of(probs)], Style(Effect.CONTOUR, opacity=1.0))
        return float((255.0 - frame[120, 170:210, 1]).sum() / 225)

    assert width(0.5) == pytest.approx(width(2.5), abs=0.4)


def luma(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    return pixels @ LUMA_BGR


@pytest.mark.parametrize(
    ("effect", "region", "name"),
    [(Effect.IRIS, Region.LEFT_IRIS, "iris_bgr"), (Effect.LIPSTICK, Region.UPPER_LIP, "lipstick_bgr")],
    ids=["iris", "lipstick"],
)
def test_a_natural_effect_changes_the_hue_and_keeps_the_texture(effect: Effect, region: Region, name: str) -> None:
    grey = np.random.default_rng(0).integers(60, 140, (480, 640, 1), np.uint8)
    before = BgrImage(np.repeat(grey, 3, axis=2))
    frame = BgrImage(before.copy())
    Overlay().draw(frame, [whole_face()], replace(Style(effect, regions=(), opacity=1.0), **{name: (40, 160, 60)}))
    place = inside(region)
    blue, green, red = frame[place].astype(int).transpose(2, 0, 1)
    assert (green > blue + 20).all()
    assert (green > red + 20).all()
    assert np.corrcoef(luma(frame[place]).ravel(), luma(before[place]).ravel())[0, 1] > 0.97


def test_a_pupil_stays_dark_and_a_catchlight_white() -> None:
    frame = plain((60, 75, 90))
    pupil, catchlight = np.s_[136:140, 221:224], np.s_[134:136, 225:227]
    frame[pupil] = 12
    frame[catchlight] = 250
    Overlay().draw(frame, [whole_face()], Style(Effect.IRIS, opacity=1.0, iris_bgr=(200, 130, 40)))
    assert luma(frame[pupil]).max() < 25
    assert frame[catchlight].min() > 235


@pytest.mark.parametrize("color", [(40, 28, 178), (66, 24, 60), (200, 200, 255)], ids=["red", "dark", "pale"])
def test_lipstick_takes_on_its_own_lightness_and_leaves_the_teeth(color: tuple[int, int, int]) -> None:
    lips = (110, 110, 170)
    frame = plain(lips)
    frame[inside(Region.MOUTH_INSIDE, 0)] = (215, 225, 230)
    before = frame.copy()
    Overlay().draw(frame, [whole_face()], Style(Effect.LIPSTICK, opacity=1.0, lipstick_bgr=color))
    was, wanted = np.array(lips) @ LUMA_BGR, np.array(color) @ LUMA_BGR
    became = luma(frame[inside(Region.LOWER_LIP)]).mean()
    assert min(was, wanted) <= became <= max(was, wanted)
    assert abs(became - was) > abs(wanted - was) / 3
    teeth = inside(Region.MOUTH_INSIDE, 1)
    assert_allclose(frame[teeth].astype(int), before[teeth], atol=6)
    skin = np.s_[50 + 178 :, :]
    assert_array_equal(frame[skin], before[skin])


@pytest.mark.parametrize("opacity", [0.0, 0.55, 1.0])
@pytest.mark.parametrize("group", ["iris", "eyes"])
def test_pixelating_hides_the_whole_eye_at_any_opacity(opacity: float, group: str) -> None:
    frame = noise()
    Overlay().draw(frame, [whole_face()], Style(Effect.PIXELATE, REGION_GROUPS[group], opacity))
    for region in REGION_GROUPS["eyes"]:
        left, top, right, bottom = BOXES[region]
        eye = np.s_[top + 50 - 7 : bottom + 50 + 7, left + 100 - 7 : right + 100 + 7]
        assert (frame[eye] == noise()[eye]).all(axis=2).mean() < 0.01
        assert len(np.unique(frame[eye].reshape(-1, 3), axis=0)) <= 36
    mouth = inside(Region.UPPER_LIP)
    assert_array_equal(frame[mouth], noise()[mouth])


def test_pixelating_hides_an_eye_that_blinks_and_a_mouth_behind_a_hand() -> None:
    frame = noise()
    nothing = np.zeros((len(ALL), 218, 178), np.float32)
    Overlay().draw(frame, [face_of(nothing)], Style(Effect.PIXELATE))
    for region in (Region.RIGHT_IRIS, Region.LEFT_IRIS, Region.MOUTH_INSIDE):
        assert (frame[inside(region)] == noise()[inside(region)]).all(axis=2).mean() < 0.02


def test_a_cut_out_is_the_frames_regions_and_nothing_else() -> None:
    frame = BgrImage(noise() | 1)
    before = frame.copy()
    picture = Overlay().draw(frame, [whole_face()], Style(Effect.CUTOUT))
    assert picture.shape == (480, 640, 4)
    assert_array_equal(frame, before)
    for region in (Region.RIGHT_IRIS, Region.LEFT_IRIS, Region.UPPER_LIP, Region.LOWER_LIP):
        assert_array_equal(picture[inside(region)][:, :, :3], before[inside(region)])
        assert (picture[inside(region)][:, :, 3] == 255).all()
    see_through = picture[:, :, 3] == 0
    assert (picture[see_through] == 0).all()
    assert_array_equal(picture[:, :, :3][~see_through], before[~see_through])
    assert see_through[inside(Region.MOUTH_INSIDE)].all()


def test_the_next_cut_out_starts_empty_whatever_its_size() -> None:
    overlay = Overlay()
    look = Style(Effect.CUTOUT)
    overlay.draw(noise(), [whole_face()], look)
    for size_hw in ((480, 640), (20, 30), (500, 700)):
        picture = overlay.draw(noise(*size_hw), [], look)
        assert picture.shape == (*size_hw, 4)
        assert not picture.any()


def test_of_two_faces_one_on_the_other_a_cut_out_keeps_both() -> None:
    frame = BgrImage(noise() | 1)
    shifted = CropTransform((189.0 + 30, 138.0 + 4), 1.0, 0.0)
    picture = Overlay().draw(frame, [whole_face(), whole_face(shifted)], Style(Effect.CUTOUT))
    alpha = picture[:, :, 3].copy()
    for face in (whole_face(), whole_face(shifted)):
        alone = Overlay().draw(frame, [face], Style(Effect.CUTOUT))[:, :, 3]
        assert (alpha >= alone).all()


# --- all of them ---


@pytest.mark.parametrize("effect", PAINTED)
def test_an_opacity_of_nothing_changes_nothing(effect: Effect) -> None:
    frame = noise()
    Overlay().draw(frame, [whole_face()], Style(effect, opacity=0.0))
    assert_array_equal(frame, noise())


@pytest.mark.parametrize("effect", PAINTED)
def test_more_opacity_changes_more(effect: Effect) -> None:
    def change(opacity: float) -> float:
        frame = plain((90, 110, 150))
        Overlay().draw(frame, [whole_face()], Style(effect, opacity=opacity))
        return float(np.abs(frame.astype(float) - (90, 110, 150)).sum())

    assert 0 < change(0.1) < change(0.3) < change(0.49)
    assert change(0.49) < change(1.0)


def test_a_cut_out_fades_below_a_half() -> None:
    alphas = [
        int(Overlay().draw(noise(), [whole_face()], Style(Effect.CUTOUT, opacity=opacity))[:, :, 3].max())
        for opacity in (0.0, 0.25, 0.5, 1.0)
    ]
    assert alphas == [0, 128, 255, 255]


@pytest.mark.parametrize(
    ("effect", "drawn"),
    [
        (Effect.OVERLAY, "lips"),
        (Effect.CONTOUR, "lips"),
        (Effect.PIXELATE, "lips"),
        (Effect.IRIS, "iris"),
        (Effect.LIPSTICK, "lips"),
    ],
)
def test_an_effect_is_drawn_on_the_shown_regions_or_on_those_it_is_named_for(effect: Effect, drawn: str) -> None:
    frame = noise()
    Overlay().draw(frame, [whole_face()], Style(effect, REGION_GROUPS["lips"]))
    for group in ("iris", "lips"):
        is_changed = any(
            (frame[inside(region, 0)] != noise()[inside(region, 0)]).any() for region in REGION_GROUPS[group]
        )
        assert is_changed == (group == drawn), group


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("regions", [(Region.RIGHT_IRIS, Region.LEFT_IRIS), (Region.UPPER_LIP,), (Region.BACKGROUND,)])
def test_a_model_that_lacks_regions_draws_what_it_has(effect: Effect, regions: tuple[Region, ...]) -> None:
    face = face_of(whole_face().probs[list(regions)], regions=regions)
    frame = noise()
    picture = Overlay().draw(frame, [face], Style(effect))
    draws_on = {Effect.IRIS: Region.RIGHT_IRIS, Effect.LIPSTICK: Region.UPPER_LIP}.get(effect, regions[0])
    is_drawn = bool(picture.any()) if effect is Effect.CUTOUT else bool((frame != noise()).any())
    assert is_drawn == (draws_on in regions and regions != (Region.BACKGROUND,))


PLACES = {
    "turned": CropTransform((300.0, 200.0), 0.7, 2.5),
    "half out on the left": CropTransform((-20.0, 100.0), 0.6, 0.1),
    "half out below": CropTransform((400.0, 470.0), 0.5, -0.3),
    "only a corner in": CropTransform((660.0, -40.0), 1.0, 0.2),
    "outside on the left": CropTransform((-300.0, 100.0), 1.0, 0.0),
    "outside on the right": CropTransform((900.0, 100.0), 1.0, 0.0),
    "far above": CropTransform((100.0, -1e5), 1.0, 0.0),
    "tiny": CropTransform((300.0, 200.0), 12.0, 0.4),
    "a point": CropTransform((300.2, 200.7), 6e7, 0.4),
    "larger than the frame": CropTransform((320.0, 240.0), 0.08, 0.3),
    "a single pore": CropTransform((320.0, 240.0), 1e-5, 0.3),
}


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("crop", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("size_hw", [(480, 640), (1, 1), (1, 640), (480, 1), (3, 2)], ids=str)
def test_a_face_anywhere_in_any_frame_is_drawn_and_taken_off(
    effect: Effect, crop: CropTransform, size_hw: tuple[int, int]
) -> None:
    overlay = Overlay()
    before = noise(*size_hw)
    frame = noise(*size_hw)
    everything = np.full((len(ALL), 218, 178), 1 / len(ALL), np.float32)
    faces = [whole_face(crop), face_of(everything, crop)]
    picture = overlay.draw(frame, faces, Style(effect, SHOWN, 0.8))
    assert picture.shape == (*size_hw, 4 if effect is Effect.CUTOUT else 3)
    if crop.mid_eye_px[0] in (-300.0, 900.0) or crop.mid_eye_px[1] < -1e4:
        assert_array_equal(frame, before)
    overlay.restore(frame)
    assert_array_equal(frame, before)


def test_tiny_frames_are_coloured_too() -> None:
    for size_hw in ((1, 1), (1, 640), (480, 1), (3, 2)):
        frame = noise(*size_hw)
        face = face_of(probs_in(Region.MOUTH_INSIDE, 0, 0, 178, 218), CropTransform((1.0, 1.0), 1.0, 0.0))
        Overlay().draw(frame, [face], Style(regions=SHOWN, opacity=1.0))
        assert_allclose(frame[:2, :2], np.broadcast_to(COLORS_BGR[Region.MOUTH_INSIDE], frame[:2, :2].shape), atol=1)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(IN_FRAME),
    st.lists(
        st.tuples(st.floats(-50, 200), st.floats(-50, 150), st.floats(0.4, 4), st.floats(-3, 3)), min_size=1, max_size=4
    ),
)
def test_restoring_gives_the_frame_back_to_the_byte_also_where_faces_overlap(
    effect: Effect, places: list[tuple[float, float, float, float]]
) -> None:
    faces = [whole_face(CropTransform((x, y), scale, angle)) for x, y, scale, angle in places]
    overlay = Overlay()
    frame = noise(120, 160)
    overlay.draw(frame, faces, Style(effect))
    overlay.restore(frame)
    assert_array_equal(frame, noise(120, 160))


def test_boxes_that_overlap_are_restored_last_first() -> None:
    overlay = Overlay()
    frame = noise()
    shifted = CropTransform((189.0 + 12, 138.0 + 6), 1.0, 0.1)
    overlay.draw(frame, [whole_face(), whole_face(shifted)], Style(Effect.PIXELATE))
    assert (frame != noise()).any()
    overlay.restore(frame)
    assert_array_equal(frame, noise())


def test_a_paused_frame_is_drawn_again_with_another_look() -> None:
    overlay, frame = Overlay(), noise()
    fresh = noise()
    overlay.draw(frame, [whole_face()], Style(Effect.PIXELATE))
    overlay.restore(frame)
    overlay.draw(frame, [whole_face()], Style(Effect.LIPSTICK))
    Overlay().draw(fresh, [whole_face()], Style(Effect.LIPSTICK))
    assert_array_equal(frame, fresh)


def test_only_the_last_drawing_is_taken_off_and_only_once() -> None:
    overlay, frame = Overlay(), noise()
    overlay.draw(frame, [whole_face()], Style())
    once = frame.copy()
    overlay.draw(frame, [], Style())
    overlay.restore(frame)
    assert_array_equal(frame, once)
    overlay.draw(frame, [whole_face()], Style(Effect.PIXELATE))
    overlay.restore(frame)
    frame[:] = 7
    overlay.restore(frame)
    assert (frame == 7).all()


@pytest.mark.parametrize("effect", IN_FRAME)
def test_only_the_boxes_of_eyes_and_mouth_are_touched(effect: Effect) -> None:
    frame = noise()
    Overlay().draw(frame, [whole_face()], Style(effect, SHOWN))
    is_changed = (frame != noise()).any(axis=2)
    assert not is_changed[:, : 100 + 56 - 28].any()
    assert not is_changed[50 + 88 + 22 : 50 + 162 - 33].any()  # between eyes and mouth
    assert is_changed.any()


@pytest.mark.parametrize("effect", Effect)
def test_the_same_face_in_a_larger_frame_is_drawn_the_same(effect: Effect) -> None:
    small, large = noise(), noise(1080, 1920)
    large[:480, :640] = small
    looks = Style(effect)
    small_picture = Overlay().draw(small, [whole_face()], looks)
    large_picture = Overlay().draw(large, [whole_face()], looks)
    assert_array_equal(large_picture[:480, :640], small_picture)


@pytest.mark.parametrize("effect", Effect)
def test_the_probabilities_are_read_and_not_changed(effect: Effect) -> None:
    face = whole_face()
    kept = face.probs.copy()
    Overlay().draw(noise(), [face], Style(effect))
    assert_array_equal(face.probs, kept)


REGIONS = (Region.BACKGROUND, Region.UPPER_LIP)


@pytest.fixture
def frame_bgr() -> BgrImage:
    return BgrImage(np.random.default_rng(0).integers(0, 256, (240, 200, 3), np.uint8))


@pytest.fixture
def face() -> Face:
    probs = np.zeros((2, 218, 178), np.float32)
    probs[1, 150:160, 80:100] = 1
    probs[0] = 1 - probs[1]
    return Face(1, CropTransform((89.0, 88.0), 1.0, 0.0), probs, REGIONS)


@pytest.fixture
def controls() -> Controls:
    return Controls(RealtimeConfig())


def test_the_picture_is_the_frame_itself_with_the_faces_drawn(
    controls: Controls, frame_bgr: BgrImage, face: Face
) -> None:
    before = frame_bgr.copy()
    picture = Painter(controls).paint(frame_bgr, [face])
    changed = (picture != before).any(axis=2)
    assert changed[151:159, 81:99].all()
    assert not changed[:140].any()
    assert np.shares_memory(picture, frame_bgr)


def test_a_mirror_flips_into_the_same_buffer_each_time(controls: Controls, frame_bgr: BgrImage, face: Face) -> None:
    plain = Painter(controls).paint(BgrImage(frame_bgr.copy()), [face]).copy()
    controls.is_mirrored = True
    painter = Painter(controls)
    first = painter.paint(BgrImage(frame_bgr.copy()), [face])
    assert_array_equal(first, plain[:, ::-1])
    assert painter.paint(frame_bgr, []) is first
    assert painter.paint(BgrImage(np.zeros((9, 9, 3), np.uint8)), []).shape == (9, 9, 3)


def test_painted_again_it_is_as_if_the_first_time_had_not_been(
    controls: Controls, frame_bgr: BgrImage, face: Face
) -> None:
    fresh = BgrImage(frame_bgr.copy())
    painter = Painter(controls)
    painter.paint(frame_bgr, [face])
    controls.change_opacity(0.3)
    controls.turn_mirror()
    again = painter.repaint()
    assert_array_equal(again, Painter(controls).paint(fresh, [face]))


def test_a_picture_that_is_kept_stays_when_the_source_writes_over_its_frame(
    controls: Controls, frame_bgr: BgrImage, face: Face
) -> None:
    fresh = BgrImage(frame_bgr.copy())
    painter = Painter(controls)
    painted = painter.paint(frame_bgr, [face]).copy()
    kept = painter.keep()
    frame_bgr[:] = 7
    assert_array_equal(kept, painted)
    controls.look = RealtimeConfig().look
    controls.change_opacity(-0.9)
    assert_array_equal(painter.repaint(), fresh)
