"""Other people's networks beside ours in one run: what `python -m realtime.bench --peers` loads."""

import logging
import tempfile
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from realtime.bench.models.blocks import ratio_of
from realtime.bench.models.matrix import Contender, Timed
from realtime.bench.models.rows import Measurement
from realtime.bench.text_table import TextTable
from realtime.bench.video.clip import Clip
from realtime.bench.video.trial import Setup
from realtime.core.errors import UserError
from realtime.inference.providers import Provider
from realtime.inference.session import FACE_FINDER

BISENET = "bisenet_resnet18_512, random weights"
NEEDED = {
    "BiSeNet": (("torch", "onnx", "onnxscript"), "pip install '.[export]'"),
    "MediaPipe Face Landmarker": (("mediapipe",), "pip install '.[label]'"),
}


def left_out() -> list[str]:
    """A line for each peer whose packages are not installed."""
    lines = []
    for peer, (packages, hint) in NEEDED.items():
        lacking = [package for package in packages if not find_spec(package)]
        lines += [f"{peer} needs {', '.join(lacking)}: {hint}"] if lacking else []
    return lines


def find_contenders(threads: Sequence[int]) -> list[Contender]:
    """The BiSeNet with each number of threads on the CPU, one image of 512x512 in a run; none without torch.

    Raises:
        UserError: no peer's packages are installed.
    """
    missing = left_out()
    if len(missing) == len(NEEDED):
        raise UserError("--peers: " + "; ".join(missing))
    if any(line.startswith("BiSeNet") for line in missing):
        return []
    from benchmarks.bisenet import write_bisenet

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on itself
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        path = Path(folder) / "bisenet.onnx"
        write_bisenet(path)
        return [_contend(path, count) for count in threads]


def compare(timed: Sequence[Timed], clip: Clip, setup: Setup, landmarker: Path | None, repeat: int) -> dict[str, Any]:
    """Our rows to the BiSeNet's, and our masks to the landmarker's points on the clip.

    Args:
        timed: rows of the run, the BiSeNet's among them.
        clip: what both play.
        setup: what plays it here.
        landmarker: its model file; Google's, downloaded once, where it is not given.
        repeat: passes that count.

    Raises:
        UserError: the landmarker's file is not there.
    """
    found: dict[str, Any] = {"left_out": left_out(), "bisenet": _bisenet_ratios(timed)}
    if find_spec("mediapipe"):
        from benchmarks.landmarker import compare_landmarker
        from train.labelling.landmarks import fetch_landmarker

        try:
            model = fetch_landmarker(landmarker)
        except (OSError, ValueError, ImportError) as error:
            raise UserError(f"--peers: {error}") from None
        found["landmarker"] = compare_landmarker(clip, setup, model, repeat)
    return found


def tables_of(found: dict[str, Any]) -> list[TextTable]:
    """One table for each peer."""
    tables = []
    if found["bisenet"]:
        rows = [
            (
                one["file"].removesuffix(".onnx"),
                str(one["threads"]),
                f"{one['p50_ms']:.2f}",
                f"{one['peer_p50_ms']:.1f}",
                f"1/{1 / one['ratio']['p50']:.1f}",
                f"1/{1 / one['ratio']['most']:.1f} to 1/{1 / one['ratio']['least']:.1f}",
            )
            for one in found["bisenet"]
        ]
        title = "Beside a BiSeNet-ResNet18 face parser at 512x512 with random weights, in turn in one run, ms an image"
        tables.append(TextTable(title, ("file", "threads", "ours", "BiSeNet", "ratio", "of the turns"), rows))
    if "landmarker" in found:
        from benchmarks.landmarker import landmarker_table

        tables.append(landmarker_table(found["landmarker"]))
    return tables


def _bisenet_ratios(timed: Sequence[Timed]) -> list[dict[str, Any]]:
    """Every segmenter's row of one image on the CPU to the BiSeNet's with as many threads."""
    peers = {one.row.threads: one for one in timed if one.row.file == BISENET}
    ours = [
        one
        for one in timed
        if one.row.batch == 1
        and one.row.provider_used == Provider.CPU
        and one.row.model != FACE_FINDER
        and one.row.file != BISENET
    ]
    return [
        {
            "file": one.row.file,
            "threads": one.row.threads,
            "p50_ms": one.row.p50_ms,
            "peer_p50_ms": peers[one.row.threads].row.p50_ms,
            "ratio": ratio_of(one.blocks, peers[one.row.threads].blocks),
        }
        for one in ours
        if one.row.threads in peers
    ]


def _contend(path: Path, threads: int) -> Contender:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).random(session.get_inputs()[0].shape, np.float32)
    row = Measurement(
        model=BISENET,
        file=BISENET,
        precision="fp32",
        provider_asked=Provider.CPU.value,
        provider_used=Provider.CPU.value,
        fell_back=False,
        nodes_elsewhere=0,
        nodes_per_provider={},
        threads=threads,
        batch=1,
        file_kb=round(path.stat().st_size / 1e3, 1),
    )
    return Contender(row, lambda: session.run(None, {"image": image}))
