"""The numbers of realtime/ that the page uses too, as the JSON that its TypeScript imports."""

from typing import Any

from realtime import (
    demo,
    effects,
    face_finder,
    geometry,
    look,
    motion,
    overlay,
    patch,
    postprocess,
    preprocess,
    session,
    smoothing,
    tracker,
)
from realtime.regions import COLORS_BGR, MIRROR, PARTS, REGION_GROUPS, Region, region_name

Rgb = tuple[int, int, int]


def tables() -> dict[str, Any]:
    """Everything that is defined in Python and would otherwise be typed twice, by the module it comes from."""
    return {
        "regions": {
            "names": [region_name(region) for region in Region],
            "colorsRgb": [rgb(COLORS_BGR[region]) for region in Region],
            "mirrored": [int(MIRROR.get(region, region)) for region in Region],
            "groups": {name: list(map(int, regions)) for name, regions in REGION_GROUPS.items()},
            "parts": [list(map(int, part)) for part in PARTS],
        },
        "geometry": {
            "cropWidth": geometry.CROP_SIZE_WH[0],
            "cropHeight": geometry.CROP_SIZE_WH[1],
            "layouts": {
                name: {
                    "midEyePx": layout.mid_eye_px,
                    "eyeDistancePx": layout.eye_distance_px,
                    "eyeToMouthPx": layout.eye_to_mouth_px,
                }
                for name, layout in geometry.LAYOUTS.items()
            },
        },
        "finder": {
            "sidePx": preprocess.FINDER_SIDE_PX,
            "minScore": face_finder.MIN_SCORE,
            "sameFaceShare": face_finder.SAME_FACE_SHARE,
        },
        "postprocess": {"minAreaPx": postprocess.MIN_AREA_PX},
        "tracker": {
            "refinements": tracker.REFINEMENTS,
            "lookAgainS": tracker.LOOK_AGAIN_S,
            "keenS": tracker.KEEN_S,
            "idleLookS": tracker.IDLE_LOOK_S,
            "doubtS": tracker.DOUBT_S,
            "rememberS": tracker.REMEMBER_S,
            "minCertainty": tracker.MIN_CERTAINTY,
            "minCertaintyAlone": tracker.MIN_CERTAINTY_ALONE,
            "minScoreAlone": tracker.MIN_SCORE_ALONE,
            "leastPx": tracker.LEAST_PX.tolist(),
            "mostPx": tracker.MOST_PX.tolist(),
            "maxStepPx": tracker.MAX_STEP_PX,
            "maxZoom": tracker.MAX_ZOOM,
            "maxTurnRad": tracker.MAX_TURN_RAD,
        },
        "smoothing": {
            "strengths": {
                str(level): {
                    "cutoffHz": strength.cutoff_hz,
                    "cutoffPerSpeed": strength.cutoff_per_speed,
                    "meanShare": strength.mean_share,
                }
                for level, strength in smoothing.STRENGTHS.items()
            },
            "speedCutoffHz": smoothing.SPEED_CUTOFF_HZ,
            "forgetfulChange": smoothing.FORGETFUL_CHANGE,
            "rimPx": smoothing.RIM_PX,
            "turnRadiusPx": smoothing.TURN_RADIUS_PX,
        },
        "motion": {
            "gridPx": motion.GRID_PX[:, 0].tolist(),
            "windowPx": motion.WINDOW_WH[0],
            "maxIterations": motion.STOP[1],
            "leastStepPx": motion.STOP[2],
            "leastTexture": motion.LEAST_TEXTURE,
            "leastPoints": motion.LEAST_POINTS,
            "maxOffPx": motion.MAX_OFF_PX,
        },
        "patch": {
            "faintestProb": patch.FAINTEST_PROB,
            "hiddenHalves": patch.HIDDEN_HALVES,
            "hiddenMargin": patch.HIDDEN_MARGIN,
            "farthestReach": patch.FARTHEST_REACH,
            "blur": patch.BLUR,
        },
        "effects": {
            "edgeSteepness": effects.EDGE_STEEPNESS,
            "lineWidth": effects.LINE_WIDTH,
            "thinnestLinePx": effects.THINNEST_LINE_PX,
            "flattestEdge": effects.FLATTEST_EDGE,
            "distanceStep": effects.DISTANCE_STEP,
            "irisPull": effects.IRIS_PULL,
            "lipstickPull": effects.LIPSTICK_PULL,
            "gainLimits": effects.GAIN_LIMITS,
            "richest": effects.RICHEST,
            "feather": effects.FEATHER,
            "blocks": effects.BLOCKS,
            "lumaRgb": effects.LUMA_BGR[::-1].tolist(),
            "solidFrom": overlay.SOLID_FROM,
        },
        "look": {
            "effects": [effect.value for effect in look.Effect if effect is not look.Effect.CUTOUT],
            "namedColorsRgb": {name: rgb(color) for name, color in look.NAMED_COLORS_BGR.items()},
            "opacity": look.Look().opacity,
            "regions": list(map(int, look.Look().regions)),
            "iris": rgb(look.Look().iris_bgr),
            "lipstick": rgb(look.Look().lipstick_bgr),
        },
        "model": {
            "metadataKeys": session.METADATA_KEYS,
            "leftRight": session.LEFT_RIGHT,
            "segmenter": session.SEGMENTER,
            "faceFinder": session.FACE_FINDER,
            "probs": session.PROBS,
        },
        "demo": {
            "width": demo.SIZE_WH[0],
            "height": demo.SIZE_WH[1],
            "fps": demo.FPS,
            "periodS": demo.PERIOD_S,
            "faceCenterPx": demo.FACE_CENTER_PX,
        },
    }


def rgb(bgr: tuple[int, int, int]) -> Rgb:
    """A colour in the order that a browser has it in."""
    blue, green, red = bgr
    return red, green, blue
