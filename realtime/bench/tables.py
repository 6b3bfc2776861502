"""The benchmark's results as tables, to be shown on a terminal or pasted into a page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from realtime.bench.text_table import TextTable, span
from realtime.bench.video.trial import WHOLE


def machine_table(machine: Mapping[str, str]) -> TextTable:
    """What the numbers were measured on."""
    return TextTable("Machine", ("what", "is"), list(machine.items()))


def tables_of(results: dict[str, Any]) -> list[TextTable]:
    """What was measured on a video: the stages, and whatever else."""
    found = [table for key, make in MAKERS.items() if key in results for table in make(results[key])]
    return [stages_table(results), *found]


def stages_table(results: dict[str, Any]) -> TextTable:
    """One row for each stage of a frame; reading and writing of the video are no part of the whole."""
    clip, stages = results["clip"], results["end_to_end"]["stages_ms"]
    title = ", ".join(
        (
            clip["name"],
            f"{clip['frames']} frames of {clip['width']}x{clip['height']}",
            f"{clip['passes']} passes; {results['model']} {results['precision']} on {results['provider_used']}",
            f"threads {results['threads']}",
            f"smoothing {results['smoothing']}",
            f"{results['end_to_end']['faces_per_frame']} faces a frame: {1e3 / stages[WHOLE]['p50']:.0f} fps",
        )
    )
    rows = [
        (name, *_percentiles(stage), span(stage["p50_least"], stage["p50_most"]), f"{stage['frames']:.0f}")
        for name, stage in stages.items()
    ]
    return TextTable(title, ("stage, ms", "p50", "p95", "p99", "p50 of each pass", "frames"), rows)


def further_faces_tables(found: Sequence[dict[str, float]]) -> list[TextTable]:
    """One row for each number of faces."""
    rows = [
        (
            f"{row['faces']:.0f}",
            *(_percentiles(row) if row["followed"] else ("-", "-", "-")),
            f"{row['further_ms']:.2f}" if "further_ms" in row else "",
            span(row["further_least_ms"], row["further_most_ms"]) if "further_ms" in row else "",
            f"{100 * row['followed']:.1f}",
        )
        for row in found
    ]
    columns = ("faces", "p50", "p95", "p99", "each further", "least to most", "all followed, % of frames")
    return [TextTable("The same face, once to four times in a frame of this size: the whole frame, ms", columns, rows)]


def drawing_tables(found: dict[str, dict[str, Any]]) -> list[TextTable]:
    """One row for each effect."""
    rows = [
        (
            effect,
            f"{row['small']['p50']:.3f}",
            f"{row['large']['p50']:.3f}",
            f"{row['ratio']:.2f}",
            span(row["ratio_least"], row["ratio_most"]),
        )
        for effect, row in found.items()
    ]
    columns = ("effect", "1280x720", "3840x2160", "ratio", "least to most")
    return [TextTable("Drawing alone, the same face in pixels, p50 in ms", columns, rows)]


def start_up_tables(found: dict[str, float]) -> list[TextTable]:
    """Time to the first overlay, and memory."""
    rows = [
        (
            "process start to first overlay, ms",
            f"{found['first_overlay_ms']:.0f}",
            span(found["first_overlay_least_ms"], found["first_overlay_most_ms"], digits=0),
        ),
        (f"most memory over {found['frames_each']} frames (RSS), MB", f"{found['peak_rss_mb']:.0f}", ""),
    ]
    return [TextTable(f"{found['processes']} fresh processes, no window", ("what", "median", "least to most"), rows)]


def idle_tables(found: dict[str, float]) -> list[TextTable]:
    """CPU time with and without a face."""
    rows = [
        (
            f"{found['idle_cpu_ms']:.2f}",
            f"{found['following_cpu_ms']:.2f}",
            f"{found['ratio']:.2f}",
            span(found["ratio_least"], found["ratio_most"]),
            f"{found['idle_frames_with_face']} of {found['frames_each']}",
        )
    ]
    columns = ("nobody in view", "following a face", "ratio", "least to most", "faces seen where nobody is")
    return [TextTable(f"CPU time of the process at {found['fps']:.0f} frames a second, ms a frame", columns, rows)]


def flicker_tables(found: dict[str, Any]) -> list[TextTable]:
    """Flicker, and beside it lag."""
    off = found["levels"]["off"]
    rows = [
        (
            f"{level}, {group}",
            f"{100 * row['flicker_mean']:.2f}",
            f"{100 * row['flicker_p50']:.2f}",
            f"{row['flicker_mean'] / max(off[group]['flicker_mean'], 1e-9):.2f}",
            f"{100 * row['change_mean']:.2f}",
            f"{100 * row['change_p50']:.2f}",
            str(row["frames"]),
        )
        for level, groups in found["levels"].items()
        for group, row in groups.items()
        if group in off
    ]
    lags = [
        (level, *("-" if lag is None else f"{lag:.2f}" for lag in row.values()))
        for level, row in found["lag_frames"].items()
    ]
    columns = ("smoothing, region", "flicker", "p50", "to off", "change", "p50", "frames")
    return [
        TextTable(
            f"Mask that changes beyond the face's motion ({found['motion_px']} crop px a frame), % of its area",
            columns,
            rows,
        ),
        TextTable(
            "Frames behind the mask that is not smoothed", ("smoothing", "place", "area of eyes", "area of lips"), lags
        ),
    ]


MAKERS: dict[str, Callable[[Any], list[TextTable]]] = {
    "further_faces": further_faces_tables,
    "drawing": drawing_tables,
    "start_up": start_up_tables,
    "idle": idle_tables,
    "flicker": flicker_tables,
}
"""By the key of what they show."""


def _percentiles(row: Mapping[str, float]) -> tuple[str, str, str]:
    return f"{row['p50']:.2f}", f"{row['p95']:.2f}", f"{row['p99']:.2f}"
