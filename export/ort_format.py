"""ONNX Runtime's own format, for its minimal builds on phones."""

import contextlib
import io
import logging
import warnings
from pathlib import Path

from onnxruntime.tools.convert_onnx_models_to_ort import OptimizationStyle, convert_onnx_models_to_ort

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
