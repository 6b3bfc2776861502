"""The numbers of realtime/ that the page uses too, as the JSON that its TypeScript imports."""

from typing import Any

from realtime import face
from realtime.capture import demo
from realtime.core import geometry
from realtime.core.regions import COLORS_BGR, MIRROR, PARTS, REGION_GROUPS, Region, region_name
from realtime.drawing import effects, painter, parts, style
from realtime.inference import session
from realtime.tracking import finder, smoothing, tracker

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
            "sidePx": geometry.FINDER_SIDE_PX,
            "minScore": finder.MIN_SCORE,
            "sameFaceShare": finder.SAME_FACE_SHARE,
        },
        "postprocess": {"minAreaPx": face.MIN_AREA_PX},
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
            "gridPx": smoothing.GRID_PX[:, 0].tolist(),
            "windowPx": smoothing.WINDOW_WH[0],
            "maxIterations": smoothing.STOP[1],
            "leastStepPx": smoothing.STOP[2],
            "leastTexture": smoothing.LEAST_TEXTURE,
            "leastPoints": smoothing.LEAST_POINTS,
            "maxOffPx": smoothing.MAX_OFF_PX,
        },
        "patch": {
            "faintestProb": parts.FAINTEST_PROB,
            "hiddenHalves": parts.HIDDEN_HALVES,
            "hiddenMargin": parts.HIDDEN_MARGIN,
            "farthestReach": parts.FARTHEST_REACH,
            "blur": parts.BLUR,
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
            "solidFrom": painter.SOLID_FROM,
        },
        "look": {
            "effects": [effect.value for effect in style.Effect if effect is not style.Effect.CUTOUT],
            "namedColorsRgb": {name: rgb(color) for name, color in style.NAMED_COLORS_BGR.items()},
            "opacity": style.Style().opacity,
            "regions": list(map(int, style.Style().regions)),
            "iris": rgb(style.Style().iris_bgr),
            "lipstick": rgb(style.Style().lipstick_bgr),
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
