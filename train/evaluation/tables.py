"""What `scores.json` holds, as tables to read, or to paste into a model card."""

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from train.data.label_set import SCORED
from train.evaluation.steadiness import UNMOVED

WIDE = 400
"""Columns of the terminal that Markdown is written for: none of its lines may be broken."""


def score_tables(scores: Mapping[str, Any]) -> list[Table]:
    """One for each measure that was taken."""
    side = next(side for side in SCORED.values() if side in scores)
    held_out = scores[side]
    tables = label_tables(side, held_out) if "regions" in held_out else [scene_table(held_out)]
    makers = {
        "closed_eyes": closed_eye_table,
        "covered_mouths": covered_mouth_table,
        "jitter": jitter_table,
        "noise_flicker": flicker_table,
    }
    tables += contour_tables(scores["contours"]) if "contours" in scores else []
    tables += people_tables(scores["people"]) if "people" in scores else []
    tables += [make(scores[key]) for key, make in makers.items() if key in scores]
    return tables + ([finder_table(scores["frames"], scores["empty"])] if "frames" in scores else [])


def print_markdown(tables: Iterable[Table], console: Console) -> None:
    """Each with its title as a line in bold."""
    wide = Console(file=StringIO(), width=WIDE, color_system=None)
    for table in tables:
        title, table.title, table.box = table.title, None, MARKDOWN
        with wide.capture() as captured:
            wide.print(table)
        rows = [line.rstrip() for line in captured.get().splitlines() if line.strip()]
        console.file.write("\n".join([f"**{title}**", "", *rows, "", ""]))


def label_tables(side: str, held_out: Mapping[str, Any]) -> list[Table]:
    """By region, and by region group and source, and tone of skin."""
    faces = f"{side}, {held_out['faces']} faces"
    regions = held_out["regions"] | {"any region": held_out["any_region"]}
    rows = [(name, number(score["dice"]), number(score["iou"])) for name, score in regions.items()]
    return [
        table_of(faces, ("region", "Dice", "IoU"), rows),
        group_table(f"{faces}, by source, Dice / IoU", "source", held_out["sources"]),
        group_table(f"{faces}, by tone of skin as it looks, Dice / IoU", "tone", held_out["tones"]),
    ]


def group_table(title: str, kind: str, parts: Mapping[str, Any]) -> Table:
    """Of some kinds of faces, by region group."""
    groups = list(dict.fromkeys(name for part in parts.values() for name in part["groups"]))
    rows = [
        (name, str(part["faces"]), *(f"{number(score['dice'])} / {number(score['iou'])}" for score in scores))
        for name, part in parts.items()
        for scores in [[part["groups"][group] for group in groups]]
    ]
    return table_of(title, (kind, "faces", *groups), rows)


def scene_table(held_out: Mapping[str, Any]) -> Table:
    """The face finder's scenes."""
    rows = [(name, f"{value:.4g}") for name, value in held_out.items()]
    return table_of(f"validation, {held_out['scenes']} scenes", ("measure", "value"), rows)


def contour_tables(contours: Mapping[str, Any]) -> list[Table]:
    """Ours beside MediaPipe's: of all photos, and by tone of skin."""
    columns = ("region", "Dice", "IoU", "edge, px", "MediaPipe Dice", "MediaPipe IoU", "MediaPipe edge, px")
    rows = []
    for name in contours["ours"]:
        cells = [
            number(value)
            for who in ("ours", "mediapipe")
            for value in (*contours[who][name].values(), contours["edges_px"][who][name])
        ]
        rows.append((name, *cells))
    title = f"outlines drawn by people, {contours['photos']} photos"
    heads = [f"{name}, {who}" for name in contours["ours"] for who in ("ours", "MediaPipe")]
    by_tone = [
        (tone, str(photos), *(number(scores[who][tone][name]["dice"]) for name in contours["ours"] for who in scores))
        for scores in [contours["by_tone"]]
        for tone, photos in contours["tones"].items()
    ]
    tables = [
        table_of(title, columns, rows),
        table_of(f"{title}, by tone of skin as it looks, Dice", ("tone", "photos", *heads), by_tone),
    ]
    return tables + ([jitter_table(contours["jitter"], "of people's outlines")] if "jitter" in contours else [])


def people_tables(people: Mapping[str, Any]) -> list[Table]:
    """Faces that people outlined: failures first, then F1 of each source, by tone of skin, and eyes by opening."""
    groups = ("eyes", "lips", "mouth", "irises")
    parts = {**people["sources"], "covered": people["covered"]}
    failures = [
        (
            name,
            str(part["faces"]),
            str(part["not_found"]),
            *(str(part["eyes"][who]["poor"]) for who in ("ours", "mediapipe")),
        )
        for name, part in parts.items()
        if "eyes" in part
    ]
    columns = ("source", "faces", "not found", "eyes under 0.3, ours", "MediaPipe")
    opened = [
        (name, str(row["eyes"]), percent(row["ours"]), percent(row["mediapipe"]))
        for name, row in people["openings"].items()
    ]
    f1 = ("", "faces", *(f"{group}: mean F1, to MediaPipe" for group in groups), "eyes: median", "area", "mouth: area")
    return [
        table_of("faces that people outlined, crops placed by the program: failures", columns, failures),
        table_of("F1, mean over faces (difference to MediaPipe, standard error)", f1, _people_rows(parts, groups)),
        table_of("the same by tone of skin as it looks", f1, _people_rows(people["tones"], groups)),
        table_of("eyes drawn, by opening", ("opening", "eyes", "ours", "MediaPipe"), opened),
    ]


def _people_rows(parts: Mapping[str, Any], groups: Sequence[str]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for name, part in parts.items():
        if "eyes" not in part:
            continue
        means = [_mean_text(part[group]) if group in part else "-" for group in groups]
        eyes, mouth = part["eyes"]["ours"], part.get("mouth", part["eyes"])["ours"]
        others = (f"{eyes['median']:.3f}", f"{eyes['area_ratio']:.2f}", f"{mouth['area_ratio']:.2f}")
        rows.append((name, str(part["faces"]), *means, *others))
    return rows


def _mean_text(of_group: Mapping[str, Any]) -> str:
    difference, error = of_group["difference"], of_group["standard_error"]
    return f"{of_group['ours']['mean']:.3f} ({difference:+.3f} ± {error:.3f})"


def closed_eye_table(scores: Mapping[str, Any]) -> Table:
    """Shares and areas."""
    keys = {
        "faces_with_iris": percent,
        "eyes_with_iris": percent,
        "iris_px": pixels,
        "eye_px": pixels,
    }
    named = {
        "ours": scores["ours"],
        "MediaPipe": scores["mediapipe"],
        f"ours, {scores['lids_together']['eyes']} eyes whose lids MediaPipe sees closed": scores["lids_together"],
    }
    rows = [
        (who, *(show(found[key]) if key in found else "" for key, show in keys.items())) for who, found in named.items()
    ]
    columns = ("masks", "faces with an iris", "eyes with an iris", "iris, px an eye", "rest of the eye, px")
    return table_of(f"closed eyes, {photos_text(scores)}", columns, rows)


def covered_mouth_table(scores: Mapping[str, Any]) -> Table:
    """Shares and areas."""
    rows = [
        (who, percent(scores[key]["faces_with_lips"]), pixels(scores[key]["lips_px"]))
        for key, who in (("ours", "ours"), ("mediapipe", "MediaPipe"))
    ]
    return table_of(f"covered mouths, {photos_text(scores)}", ("masks", "faces with lips", "lips, px a face"), rows)


def jitter_table(scores: Mapping[str, Any], whose: str = "held out") -> Table:
    """F1 unmoved, and what each move costs in points."""
    unmoved = scores["f1"][UNMOVED]
    rows = [(UNMOVED, *(number(value) for value in unmoved.values()))]
    for name, of_move in scores["f1"].items():
        if name != UNMOVED:
            rows.append((name, *(f"{100 * (of_move[group] - unmoved[group]):+.2f}" for group in unmoved)))
    title = f"crop moved, {scores['faces']} faces {whose}: F1, and points of it gained or lost (worst loss "
    return table_of(f"{title}{scores['worst_points']:.2f})", ("crop", *unmoved), rows)


def flicker_table(scores: Mapping[str, Any]) -> Table:
    """Share of the area that changes."""
    title = f"still photos with noise of {scores['noise_std']:g} levels, {scores['faces']} faces: area that changes"
    changed = scores["changed"]
    return table_of(f"{title} a frame", ("", *changed), [("changed", *map(percent, changed.values()))])


def finder_table(frames: Mapping[str, Any], empty: Mapping[str, Any], title: str = "frames of 640x480") -> Table:
    """Recall and point error of each detector, row by row."""
    some = next(iter(empty.values()))
    columns = ["faces", "number"]
    for who in empty:
        columns += [f"{who}: recall", f"{who}: point error"]
    names = list(next(iter(frames.values())))
    rows = [
        (
            name,
            str(next(iter(frames.values()))[name]["faces"]),
            *(
                show(frames[who][name][key])
                for who in frames
                for key, show in (("recall", percent), ("point_error", percent))
            ),
        )
        for name in names
    ]
    least = ", ".join(f"{who} from score {one['score']:.3f}, {one['false_alarms']} false" for who, one in empty.items())
    return table_of(f"{title}; {some['photos']} empty photos: {least}", columns, rows)


def photos_text(scores: Mapping[str, Any]) -> str:
    """How many faces of how many photos, which were left out, and what is a speck."""
    return (
        f"{scores['faces']} faces of {scores['photos']} photos ({scores['learnt']} learnt from, "
        f"{scores['excepted']} excepted, {scores['without_face']} without a large enough face); more than "
        f"{scores['speck_px']} px count"
    )


def table_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """The first column is words, the others numbers."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    return table


def number(value: float) -> str:
    """Four digits."""
    return f"{value:.4f}"


def percent(value: float) -> str:
    """Of a share."""
    return f"{100 * value:.1f} %"


def pixels(value: float) -> str:
    """Of the crop."""
    return f"{value:.1f}"
