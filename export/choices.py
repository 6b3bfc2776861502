"""What an export can be asked for."""

from enum import StrEnum

from realtime.inference.session import LABELS, PROBS


class Precision(StrEnum):
    """Of the weights and of the arithmetic, up to the logits."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


class Format(StrEnum):
    """Of the file: ONNX, or what ONNX Runtime's minimal builds for phones read."""

    ONNX = "onnx"
    ORT = "ort"


class Output(StrEnum):
    """What a segmenter's file gives: probabilities, or region ids for devices that draw nothing else."""

    PROBS = PROBS
    LABELS = LABELS


FILE_SUFFIXES = {Precision.FP32: "", Precision.FP16: "_fp16", Precision.INT8: "_int8"}
OLDEST_OPSET = 18
"""The lowest that torch's exporter writes by itself; ONNX has no way down from there for Pad and Resize."""
NEWEST_OPSET = 23
"""Of those that torch's exporter writes; files of opset 21 and later need an ONNX Runtime newer than 1.17."""
