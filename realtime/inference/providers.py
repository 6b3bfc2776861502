"""What runs the networks: ONNX Runtime's execution providers, and how each is started."""

from collections.abc import Iterator
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from realtime.core.errors import ModelError, ProviderError

GRAPH_RUNS = 3
"""ONNX Runtime records a graph in one of its first runs, and replays it from then on."""


class DeviceBuffers:
    """Input and output of one batch size, at addresses that never change, which a replayed CUDA graph needs.

    Args:
        session: a model of one uint8 input and one output, float32 or uint8, whose first axis is the batch.
        batch: how many images. Each size is a graph of its own.
        device: as ONNX Runtime calls it: cuda, cpu.
    """

    def __init__(self, session: ort.InferenceSession, batch: int, device: str) -> None:
        model_input, model_output = session.get_inputs()[0], session.get_outputs()[0]
        self._session = session
        self._input = _empty((batch, *model_input.shape[1:]), np.uint8, device)
        self._kind = np.float32 if model_output.type == "tensor(float)" else np.uint8
        self._output = _empty((batch, *model_output.shape[1:]), self._kind, device)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(model_input.name, self._input)
        self._binding.bind_ortvalue_output(model_output.name, self._output)
        self._options = ort.RunOptions()
        self._options.add_run_config_entry("gpu_graph_id", str(batch))

    def run(self, images_bgr: npt.NDArray[np.uint8], out: npt.NDArray[Any]) -> None:
        """One batch, there and back.

        Args:
            images_bgr: (N, H, W, 3) uint8, contiguous. Read, never kept.
            out: written into.
        """
        self._input.update_inplace(images_bgr)
        self._session.run_with_iobinding(self._binding, self._options)
        np.copyto(out, self._output.numpy())

    def try_out(self) -> None:
        """Run on nothing as often as it takes to record a graph and to replay it."""
        images = np.zeros(self._input.shape(), np.uint8)
        out = np.empty(self._output.shape(), self._kind)
        for _ in range(GRAPH_RUNS):
            self.run(images, out)


def _empty(shape: tuple[int, ...], kind: npt.DTypeLike, device: str) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_shape_and_type(shape, kind, device, 0)


THREADS_THAT_PAY = 1
"""Networks this small gain little from a second thread, which spins while it waits: a laptop has other things to do."""


class Provider(StrEnum):
    """What runs the network; `auto` takes the fastest that works here, and only it may fall back."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    TENSORRT = "tensorrt"
    OPENVINO = "openvino"
    COREML = "coreml"
    DIRECTML = "directml"


ORT_NAMES = {
    Provider.CPU: "CPUExecutionProvider",
    Provider.CUDA: "CUDAExecutionProvider",
    Provider.TENSORRT: "TensorrtExecutionProvider",
    Provider.OPENVINO: "OpenVINOExecutionProvider",
    Provider.COREML: "CoreMLExecutionProvider",
    Provider.DIRECTML: "DmlExecutionProvider",
}
AUTO_ORDER = (Provider.CUDA, Provider.CPU)
INSTALL_HINTS = {
    Provider.CPU: "every ONNX Runtime has it: install onnxruntime again",
    Provider.CUDA: "pip install '.[gpu]' on a machine with an NVIDIA driver",
    Provider.TENSORRT: "pip install '.[gpu]' and TensorRT, on a machine with an NVIDIA driver",
    Provider.OPENVINO: "pip install '.[openvino]' in an environment of its own",
    Provider.COREML: "it comes with onnxruntime on macOS",
    Provider.DIRECTML: "pip install onnxruntime-directml on Windows, in place of onnxruntime",
}
DEVICES = {Provider.CUDA: "cuda", Provider.TENSORRT: "cuda"}
"""Where input and output stay from run to run, as ONNX Runtime calls it; the other providers take them from memory."""
GRAPH_OPTIONS = {Provider.CUDA: {"enable_cuda_graph": "1"}, Provider.TENSORRT: {"trt_cuda_graph_enable": "1"}}
"""All of a run's kernels launched at once; refused by ONNX Runtime where a node is left to the CPU."""
LEFT_TO = {Provider.CPU: (), Provider.TENSORRT: (Provider.CUDA, Provider.CPU)}
"""Which others take the nodes that a provider cannot run; the CPU where nothing is said. The benchmark counts them."""

Options = dict[str, str]


class Runtime(NamedTuple):
    """A started session of ONNX Runtime; what runs it; and why `auto` took nothing faster, or nothing."""

    session: ort.InferenceSession
    provider: Provider
    fallback: str


def available_providers() -> list[Provider]:
    """Those that the installed ONNX Runtime was built with; they may still not start here."""
    names = ort.get_available_providers()
    return [provider for provider, name in ORT_NAMES.items() if name in names]


def start(path: Path, provider: Provider, threads: int, profile_to: Path | None = None) -> Runtime:
    """Load a model file.

    Args:
        path: the file.
        provider: what to run it on.
        threads: on the CPU, one or more.
        profile_to: where each run is noted, node by node; the end of the name is ONNX Runtime's own.

    Raises:
        ModelError: it is no model that ONNX Runtime can load.
        ProviderError: the provider cannot be had, and why.
    """
    available = available_providers()
    if provider is Provider.AUTO:
        wanted = [candidate for candidate in AUTO_ORDER if candidate in available]
    elif provider in available:
        wanted = [provider]
    else:
        hint = INSTALL_HINTS[provider]
        raise ProviderError(
            f"provider {provider} is not in this ONNX Runtime (it has: {', '.join(available)}); to get it: {hint}"
        )
    problem = ""
    for candidate in wanted:
        try:
            session = _start_on(path, candidate, threads, profile_to)
        except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a dozen types of its own for a bad file
            if candidate is Provider.CPU:
                raise ModelError(f"{path}: not a model that ONNX Runtime can load ({_first_line(error)})") from None
            problem = f"provider {candidate} cannot run {path.name} here ({_first_line(error)})"
        else:
            if session.get_providers()[0] == ORT_NAMES[candidate]:
                return Runtime(session, candidate, problem)
            problem = f"provider {candidate} did not start here, only {session.get_providers()[0]} did"
    raise ProviderError(problem or "no execution provider of this ONNX Runtime starts here")


def check_runtime_packages() -> None:
    """Refuse to run where both onnxruntime and onnxruntime-gpu are installed: together they lose CUDA silently.

    Raises:
        ProviderError: both are installed; the message says which to remove.
    """
    installed = {str(d.name).lower() for d in metadata.distributions(name="onnxruntime")}
    installed |= {str(d.name).lower() for d in metadata.distributions(name="onnxruntime-gpu")}
    if {"onnxruntime", "onnxruntime-gpu"} <= installed:
        raise ProviderError(
            "onnxruntime and onnxruntime-gpu are both installed and break each other: "
            "pip uninstall -y onnxruntime onnxruntime-gpu, then install one of them"
        )


def _start_on(path: Path, provider: Provider, threads: int, profile_to: Path | None) -> ort.InferenceSession:
    """The session, with all of a run's kernels in one graph where the provider can do that with this model."""
    failure: Exception | None = None
    for own_options, is_graph in _own_options(provider, threads):
        names: list[str | tuple[str, Options]] = [(ORT_NAMES[provider], own_options)]
        names += [ORT_NAMES[one] for one in LEFT_TO.get(provider, (Provider.CPU,)) if one in available_providers()]
        try:
            session = ort.InferenceSession(str(path), _session_options(provider, threads, profile_to), providers=names)
            if is_graph and session.get_providers()[0] == ORT_NAMES[provider]:
                DeviceBuffers(session, 1, DEVICES[provider]).try_out()
        except Exception as error:  # noqa: BLE001 - as above
            failure = error
        else:
            return session
    assert failure is not None
    raise failure


def _own_options(provider: Provider, threads: int) -> Iterator[tuple[Options, bool]]:
    """The provider's own options, the fastest first, and whether they capture a graph."""
    if provider in GRAPH_OPTIONS:
        yield GRAPH_OPTIONS[provider], True
    # OpenVINO has threads of its own: with as many as it takes by itself it is slower here, and uses every core.
    yield {"num_of_threads": str(threads)} if provider is Provider.OPENVINO else {}, False


def _session_options(provider: Provider, threads: int, profile_to: Path | None) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    if provider is Provider.DIRECTML:  # it refuses to start otherwise
        options.enable_mem_pattern = False
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    if profile_to is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile_to)
    return options


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__
