"""The files of an export: made in a folder of their own, measured, and given their names once they are found good."""

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.tools.convert_onnx_models_to_ort import OptimizationStyle, convert_onnx_models_to_ort

from export.choices import FILE_SUFFIXES, Format, Output, Precision
from export.onnx_graph import build_onnx_model, count_macs, fix_batch, model_kind, write_metadata
from export.parity import ParityError, compare, faults, run_network
from export.precision import to_half, to_int8
from export.report import REPORT_NAME, FileReport, Report
from export.request import ExportRequest
from export.scores import F1, f1_lost, f1_on_contours, f1_on_labels, segmenter_of
from export.verify import FINGERPRINT_KEY, answers, take_fingerprint, to_text
from realtime.core.errors import UserError
from realtime.core.writing import writing
from realtime.inference.session import CHECKSUMS_NAME, SEGMENTER, Provider, Session
from train.checkpoint import file_sha256
from train.prediction import PhotoSegmenter

CONFIG_SUFFIX = ".required_operators.config"


def write_ort(path: Path) -> tuple[Path, Path]:
    """Convert an .onnx file; metadata stays in it.

    Optimizations are baked in, without the layout that only x86 knows: a phone's CPU runs it as it is. On a PC the
    .onnx file is faster.

    Returns:
        the .ort file beside it, and the list of operators that a minimal build needs (`--include_ops_by_config`).
    """
    logger = logging.getLogger("ort_format_model.utils")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves the file open that it lists the operators of
            convert_onnx_models_to_ort(path, optimization_styles=[OptimizationStyle.Fixed])
    finally:
        logger.setLevel(level)
    config = path.with_name(path.stem + CONFIG_SUFFIX)
    lines = [line for line in config.read_text().splitlines() if not line.startswith("# -")]  # this machine's paths
    config.write_text("\n".join([*lines, f"# - {path.stem}.ort", ""]))
    return path.with_suffix(".ort"), config


def write_checksums(folder: Path) -> Path:
    """Write the list anew, in one go, for every .onnx and .ort file in the folder.

    Returns:
        its path.
    """
    lines = [f"{file_sha256(path)}  {path.name}\n" for path in sorted([*folder.glob("*.onnx"), *folder.glob("*.ort")])]
    path, partial = folder / CHECKSUMS_NAME, folder / f"{CHECKSUMS_NAME}.partial"
    partial.write_text("".join(lines))
    partial.replace(path)
    return path


IN_TORCH = "in torch"


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        precisions, formats: one file for each of both.
        output: what a segmenter's files give.
        opset: of the files.
        batch: how many images they take; None for any number.
    """

    precisions: Sequence[Precision]
    formats: Sequence[Format] = (Format.ONNX,)
    output: Output = Output.PROBS
    opset: int = 18
    batch: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A file that is not measured yet: where it is, what goes beside it, and which layers it keeps in float."""

    path: Path
    precision: Precision
    companions: Sequence[Path]
    float_layers: list[str]


def export_files(
    source: ExportRequest, wanted: Wanted, out: Path, name: str
) -> tuple[Report, list[Path], list[UserError]]:
    """Write one file for each precision and format, their checksums and the report.

    Returns:
        the report; the paths of what was kept, models first; why a file was not kept, for each that was not.

    Raises:
        OutputError: the folder cannot be written to.
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(dir=out, prefix=".export-")
    with folder:
        model = build_onnx_model(source.network, source.spec, wanted.output, wanted.opset)
        with writing(out):
            candidates, failures = make_candidates(source, model, wanted, Path(folder.name), name)
        report = measure(source, wanted, candidates, count_macs(model))
        models: list[Path] = []
        others: list[Path] = []
        for candidate, row in zip(candidates, report.files, strict=True):
            if row.faults:
                failures.append(ParityError(_refusal(row)))
                continue
            with writing(out / candidate.path.name):
                models.append(candidate.path.replace(out / candidate.path.name))
                others += [companion.replace(out / companion.name) for companion in candidate.companions]
        if models:
            with writing(out):
                (out / REPORT_NAME).write_text(report.to_json())
                others += [out / REPORT_NAME, write_checksums(out)]
    return report, models + others, failures


def make_candidates(
    source: ExportRequest, model: onnx.ModelProto, wanted: Wanted, folder: Path, name: str
) -> tuple[list[Candidate], list[UserError]]:
    """Every file that is asked for, in the folder, with its metadata; and why one cannot be made."""
    candidates: list[Candidate] = []
    failures: list[UserError] = []
    for precision in dict.fromkeys(wanted.precisions):
        converted, float_layers = to_precision(model, precision, source)
        path = folder / f"{name}{FILE_SUFFIXES[precision]}.onnx"
        write_onnx(fix_batch(converted, wanted.batch) if wanted.batch else converted, source, precision, wanted, path)
        if Format.ONNX in wanted.formats:
            candidates.append(Candidate(path, precision, [], float_layers))
        if Format.ORT in wanted.formats and precision is Precision.FP16:
            failures.append(UserError("no .ort file in fp16: its format would keep float32 weights; .onnx has fp16"))
        elif Format.ORT in wanted.formats:
            ort_path, config = write_ort(path)
            candidates.append(Candidate(ort_path, precision, [config], float_layers))
    return candidates, failures


def to_precision(
    model: onnx.ModelProto, precision: Precision, source: ExportRequest
) -> tuple[onnx.ModelProto, list[str]]:
    """A copy of the float32 model in this precision, and the layers that stay in float in int8."""
    if precision is Precision.INT8:
        if source.calibration is None:
            raise ValueError("int8 without pictures to calibrate on")
        quantized = to_int8(model, source.calibration)
        return quantized.model, quantized.float_layers
    if precision is Precision.FP16:
        return to_half(model), []
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    return copied, []


def write_onnx(model: onnx.ModelProto, source: ExportRequest, precision: Precision, wanted: Wanted, path: Path) -> None:
    """Write a model with its metadata, the fingerprint of what it answers included."""
    write_metadata(model, source.spec, precision, source.scores, source.checkpoint_sha256, wanted.output)
    path.write_bytes(model.SerializeToString())
    session = Session(path, None, Provider.CPU, output=None)
    model.metadata_props.add(key=FINGERPRINT_KEY, value=to_text(take_fingerprint(session)))
    path.write_bytes(model.SerializeToString())


def measure(source: ExportRequest, wanted: Wanted, candidates: Sequence[Candidate], macs: int) -> Report:
    """Compare every file with the network, on the same pictures and faces."""
    expected = run_network(source.network, source.spec, source.images)
    sessions = {one.path.name: Session(one.path, None, Provider.CPU, output=None) for one in candidates}
    f1 = _score(source, sessions)
    rows = []
    for one in candidates:
        of_file = f1.get(one.path.name)
        parity = compare(answers(sessions[one.path.name], source.images), expected, source.spec, one.precision)
        lost = None if of_file is None else f1_lost(f1[IN_TORCH], of_file)
        most = max(lost.values(), default=0.0) if lost is not None else None
        problems = list(faults(parity, most, one.precision, are_labels=wanted.output is Output.LABELS))
        size = one.path.stat().st_size
        rows.append(FileReport(one.path.name, one.precision, size, parity, of_file, lost, one.float_layers, problems))
    return Report(source, wanted.output, wanted.opset, wanted.batch, macs, f1.get(IN_TORCH), rows)


def _score(source: ExportRequest, sessions: dict[str, Session]) -> dict[str, F1]:
    """F1 of the network and of each file; empty where there is nothing to score on.

    Raises:
        UserError: what is there cannot be scored on; the message names the file.
    """
    if model_kind(source.spec) != SEGMENTER or not (source.contours or source.data):
        return {}
    segmenters = {IN_TORCH: PhotoSegmenter.of_network(source.network, source.spec)}
    segmenters |= {name: segmenter_of(session) for name, session in sessions.items()}
    try:
        if source.contours and source.landmarker:
            return f1_on_contours(segmenters, source.contours, source.landmarker)
        return f1_on_labels(segmenters, source.spec, source.data, source.mask_region) if source.data else {}
    except ValueError as error:
        raise UserError(str(error)) from None


def _refusal(row: FileReport) -> str:
    return f"{row.name} is not kept, it answers unlike the network: {', '.join(row.faults)}"
