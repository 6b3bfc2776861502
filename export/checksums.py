"""`SHA256SUMS`: what `sha256sum -c` reads, one line for each model file of a folder."""

from pathlib import Path

from realtime.inference.session import CHECKSUMS_NAME
from train.checkpoint import file_sha256


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
