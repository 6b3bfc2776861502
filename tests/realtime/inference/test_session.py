"""A model file is run only if it is what it must be; a provider that was asked for is had, or an error."""

import hashlib
import re
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.bench.models.placement import place_nodes
from realtime.core.errors import ModelError, ProviderError
from realtime.core.geometry import TIGHT
from realtime.core.regions import Region
from realtime.inference import providers
from realtime.inference import session as session_module
from realtime.inference.providers import GRAPH_RUNS
from realtime.inference.session import (
    FACE_FINDER,
    METADATA_KEYS,
    SEGMENTER,
    WEIGHTS_FOLDER,
    ModelCard,
    Provider,
    Session,
    find_model,
)

GOOD_METADATA = {
    "kind": "segmenter",
    "layout": "celeba",
    "regions": "background,right_iris",
    "activation": "softmax",
    "left_right": "subject",
    "precision": "fp16",
    "opset": "18",
    "commit": "abc1234",
    "training_data": "made up",
}
UNET = (WEIGHTS_FOLDER / "unet_lite.onnx").read_bytes()
FINDER = (WEIGHTS_FOLDER / "face_finder.onnx").read_bytes()


def crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 218, 178, 3), np.uint8)


def replaced(contents: bytes, old: bytes, new: bytes) -> bytes:
    """A model file with a name changed to another of the same length: still well formed."""
    assert old in contents
    assert len(old) == len(new)
    return contents.replace(old, new)


def with_metadata(contents: bytes, key: str, value: str) -> bytes:
    """A model file with one more metadata entry; of two with one key ONNX Runtime takes the later.

    Source: onnx.proto, ModelProto.metadata_props = 14, StringStringEntryProto.key = 1, value = 2.
    """
    entry = b"".join(bytes([tag, len(text)]) + text for tag, text in ((0x0A, key.encode()), (0x12, value.encode())))
    return contents + bytes([14 << 3 | 2, len(entry)]) + entry


def with_batches_of_two(contents: bytes) -> bytes:
    """A model file whose free first axis, N, has become 2: a dimension's name becomes a number of as many bytes.

    Source: onnx.proto, TensorShapeProto.Dimension.dim_value = 1, dim_param = 2; 0x82 0x00 is 2 as a varint.
    """
    return replaced(contents, b"\x0a\x03\x12\x01N", b"\x0a\x03\x08\x82\x00")


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx"


@pytest.mark.parametrize(
    ("name", "precision", "sum_tolerance"), [("unet_lite", "fp32", 1e-5), ("unet_lite_fp16", "fp16", 4e-3)]
)
def test_a_shipped_segmenter_gives_probabilities_of_every_region(
    name: str, precision: str, sum_tolerance: float
) -> None:
    loaded = Session(find_model(name), SEGMENTER, Provider.CPU, threads=1)
    assert loaded.card.regions == tuple(Region)
    assert (loaded.card.layout, loaded.card.activation, loaded.card.precision) == (TIGHT, "softmax", precision)
    probs = loaded.run(crops(2))
    assert (probs.shape, probs.dtype) == ((2, 8, 218, 178), np.float32)
    assert probs.min() >= 0
    assert probs.max() <= 1 + sum_tolerance
    assert_allclose(probs.sum(axis=1), 1, atol=sum_tolerance)


def test_the_shipped_finder_gives_scored_points(finder_session: Session) -> None:
    assert (finder_session.card.kind, finder_session.card.regions) == (FACE_FINDER, ())
    faces = finder_session.run(np.zeros((2, 160, 160, 3), np.uint8))
    assert faces.shape[0] == 2
    assert faces.shape[2] == 7
    assert faces.dtype == np.float32
    assert ((faces[:, :, 0] >= 0) & (faces[:, :, 0] <= 1)).all()
    assert (np.diff(faces[:, :, 0], axis=1) <= 0).all()


def test_a_batch_gives_what_its_crops_give_alone(segmenter: Session) -> None:
    batch = crops(3)
    alone = [segmenter.run(batch[index : index + 1])[0] for index in range(3)]
    assert_allclose(segmenter.run(batch), alone, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_file_of_a_fixed_batch_answers_for_any_number_of_crops(
    count: int, segmenter: Session, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_path.write_bytes(with_batches_of_two(UNET))
    by_twos = Session(model_path, SEGMENTER, Provider.CPU, threads=1)
    run_batch, sizes = Session._run_batch, []

    def count_and_run(session: Session, images: np.ndarray, result: np.ndarray) -> None:
        sizes.append(len(images))
        run_batch(session, images, result)

    monkeypatch.setattr(Session, "_run_batch", count_and_run)
    answers = by_twos.run(crops(count))
    assert (by_twos.fixed_batch, sizes) == (2, [2] * ((count + 1) // 2))
    assert answers.shape == (count, 8, 218, 178)
    for crop, answer in zip(crops(count), answers, strict=True):
        assert_allclose(answer, segmenter.run(crop[None])[0], atol=1e-4)


def test_the_answer_is_the_callers_own(segmenter: Session) -> None:
    batch = crops(1)
    first = segmenter.run(batch)
    kept = first.copy()
    segmenter.run(255 - batch)
    assert_array_equal(first, kept)
    assert_array_equal(batch, crops(1))


def test_warming_up_works_for_both_kinds(segmenter: Session, finder_session: Session) -> None:
    segmenter.warm_up()
    finder_session.warm_up()


@pytest.mark.parametrize(
    ("contents", "kind", "said"),
    [
        (b"", SEGMENTER, "not a model that ONNX Runtime can load"),
        (np.random.default_rng(0).bytes(5000), SEGMENTER, "not a model that ONNX Runtime can load"),
        (UNET[: len(UNET) // 2], SEGMENTER, "not a model that ONNX Runtime can load"),
        (replaced(UNET, b"left_right", b"left_wrong"), SEGMENTER, "its metadata lacks left_right$"),
        (
            replaced(replaced(UNET, b"\x06layout", b"\x06lookup"), b"\x06commit", b"\x06summit"),
            SEGMENTER,
            "its metadata lacks layout, commit$",
        ),
        (with_metadata(UNET, "left_right", "viewer"), SEGMENTER, "left and right are 'viewer', not the subject's"),
        (
            with_metadata(UNET, "layout", "loose"),
            SEGMENTER,
            "its layout is 'loose', which this program lacks; known: tight, celeba$",
        ),
        (with_metadata(UNET, "regions", "background,nose"), SEGMENTER, "cannot be understood .*unknown region nose"),
        (with_metadata(UNET, "scores", "{dice"), SEGMENTER, "cannot be understood"),
        (with_metadata(UNET, "kind", "classifier"), SEGMENTER, "a classifier model, where a segmenter is needed"),
        (with_metadata(UNET, "kind", "classifier"), "classifier", "unknown kind 'classifier'"),
        (UNET, FACE_FINDER, "a segmenter model, where a face_finder is needed"),
        (with_metadata(UNET, "output", "labels"), SEGMENTER, "gives labels, not probs: export it with --output probs$"),
        (FINDER, SEGMENTER, "a face_finder model, where a segmenter is needed"),
        (with_metadata(UNET, "regions", "background,right_eye"), SEGMENTER, "its input or output is not"),
        (replaced(UNET, b"crop_bgr", b"crop_rgb"), SEGMENTER, "its input or output is not"),
        (with_metadata(replaced(UNET, b"probs", b"logit"), "output", "probs"), SEGMENTER, "its input or output is not"),
        (with_metadata(UNET, "kind", "face_finder"), FACE_FINDER, "its input or output is not"),
    ],
    ids=[
        "empty",
        "random bytes",
        "truncated",
        "one key missing",
        "two keys missing",
        "the viewer's left and right",
        "unknown layout",
        "unknown region",
        "scores are no JSON",
        "another kind",
        "a kind that nobody knows",
        "segmenter as finder",
        "labels alone",
        "finder as segmenter",
        "fewer regions than channels",
        "another input",
        "another output",
        "a segmenter that says it is a finder",
    ],
)
def test_a_file_that_breaks_the_contract_is_refused_in_one_line(
    model_path: Path, contents: bytes, kind: str, said: str
) -> None:
    model_path.write_bytes(contents)
    with pytest.raises(ModelError, match=said) as refusal:
        Session(model_path, kind, Provider.CPU, threads=1)
    assert str(refusal.value).startswith(f"{model_path}: ")
    assert "\n" not in str(refusal.value)


def test_a_file_whose_metadata_is_only_repeated_still_loads(model_path: Path) -> None:
    # Without this the refusals above could come from the way in which the files were broken.
    model_path.write_bytes(with_metadata(UNET, "left_right", "subject"))
    assert Session(model_path, SEGMENTER, Provider.CPU, threads=1).card.regions == tuple(Region)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        Session(tmp_path / "none.onnx", SEGMENTER)
    with pytest.raises(ModelError, match="no such model file"):
        Session(tmp_path, SEGMENTER)


def test_a_card_holds_what_the_metadata_says() -> None:
    card = ModelCard.from_metadata({**GOOD_METADATA, "scores": '{"dice": 0.9}'}, Path("m.onnx"))
    assert card.regions == (Region.BACKGROUND, Region.RIGHT_IRIS)
    assert (card.layout.name, card.precision, card.scores) == ("celeba", "fp16", {"dice": 0.9})


@pytest.mark.parametrize("key", METADATA_KEYS)
def test_each_key_of_the_contract_is_needed(key: str) -> None:
    metadata = {name: value for name, value in GOOD_METADATA.items() if name != key}
    with pytest.raises(ModelError, match=f"its metadata lacks {key}$"):
        ModelCard.from_metadata(metadata, Path("m.onnx"))


def test_a_file_of_no_such_program_is_told_all_it_lacks() -> None:
    with pytest.raises(ModelError, match=re.escape(f"its metadata lacks {', '.join(METADATA_KEYS)}")):
        ModelCard.from_metadata({}, Path("m.onnx"))


def test_a_model_is_found_by_name_and_by_path(model_path: Path) -> None:
    assert find_model("unet_lite") == WEIGHTS_FOLDER / "unet_lite.onnx"
    model_path.write_bytes(b"")
    assert find_model(str(model_path)) == model_path


def test_an_unknown_name_is_answered_with_the_names_of_segmenters() -> None:
    with pytest.raises(
        ModelError, match=r"^nothing: no such .*\(iris_celeba, unet_best, unet_best_fp16, unet_lite[^)]*\)$"
    ) as refusal:
        find_model("nothing")
    assert "face_finder" not in str(refusal.value)


@pytest.mark.parametrize("provider", [p for p in Provider if p is not Provider.AUTO])
def test_a_provider_that_this_onnx_runtime_lacks_is_an_error_that_says_what_it_has(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["AzureExecutionProvider"])
    with pytest.raises(ProviderError, match=rf"^provider {provider} is not in this ONNX Runtime \(it has: \)"):
        Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, provider)


class RuntimeWithoutDriver:
    """ONNX Runtime's CUDA build on a machine without a GPU: it lists CUDA, and starts on the CPU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[list[str]] = []
        self.options: list[dict[str, str]] = []
        self.threads: list[int] = []
        self._real = ort.InferenceSession
        monkeypatch.setattr(ort, "InferenceSession", self.open)
        monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])

    def open(
        self, path: str, options: ort.SessionOptions, providers: list[str | tuple[str, dict[str, str]]]
    ) -> ort.InferenceSession:
        self.asked.append([name if isinstance(name, str) else name[0] for name in providers])
        self.options += [name[1] for name in providers if not isinstance(name, str)]
        self.threads.append(options.intra_op_num_threads)
        return self._real(path, options, providers=["CPUExecutionProvider"])


def test_auto_falls_back_to_the_cpu_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = RuntimeWithoutDriver(monkeypatch)
    loaded = Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.AUTO, threads=1)
    assert loaded.provider is Provider.CPU
    assert loaded.fallback == "provider cuda did not start here, only CPUExecutionProvider did"
    assert runtime.asked == [["CUDAExecutionProvider", "CPUExecutionProvider"], ["CPUExecutionProvider"]]


def test_a_provider_that_was_asked_for_never_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    RuntimeWithoutDriver(monkeypatch)
    with pytest.raises(ProviderError, match="provider cuda did not start here, only CPUExecutionProvider did"):
        Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.CUDA)


def test_the_number_of_threads_reaches_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = RuntimeWithoutDriver(monkeypatch)
    for threads in (3, 0):
        Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.CPU, threads)
    assert runtime.threads == [3, 1]


class RuntimeWithBrokenCuda(RuntimeWithoutDriver):
    """ONNX Runtime's CUDA build whose libraries do not fit: loading raises."""

    def open(
        self, path: str, options: ort.SessionOptions, providers: list[str | tuple[str, dict[str, str]]]
    ) -> ort.InferenceSession:
        if providers[0][0] == "CUDAExecutionProvider":
            self.options.append(providers[0][1])
            raise RuntimeError("libcudnn.so.9: cannot open shared object file\nsecond line")
        return super().open(path, options, providers)


def test_a_provider_that_fails_at_load_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = RuntimeWithBrokenCuda(monkeypatch)
    why = "provider cuda cannot run unet_lite.onnx here (libcudnn.so.9: cannot open shared object file)"
    with pytest.raises(ProviderError, match=re.escape(why)):
        Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.CUDA)
    assert runtime.options == [{"enable_cuda_graph": "1"}, {}]  # a model that no graph can hold still runs
    loaded = Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.AUTO)
    assert (loaded.provider, loaded.fallback) == (Provider.CPU, why)


def test_what_runs_where_it_should_has_no_fallback(segmenter: Session) -> None:
    assert segmenter.fallback == ""


@pytest.mark.parametrize("mark", ["  ", " *"], ids=["text mode", "binary mode"])
def test_a_file_that_is_not_the_listed_one_is_refused(model_path: Path, mark: str) -> None:
    listed = hashlib.sha256(UNET).hexdigest()
    model_path.with_name("SHA256SUMS").write_text(f"{'0' * 64}{mark}other.onnx\n{listed}{mark}{model_path.name}\n")
    model_path.write_bytes(UNET)
    Session(model_path, SEGMENTER, Provider.CPU)
    model_path.write_bytes(UNET[:-1] + bytes([UNET[-1] ^ 1]))
    with pytest.raises(ModelError, match="damaged or changed, its SHA-256 is not the one in SHA256SUMS"):
        Session(model_path, SEGMENTER, Provider.CPU)


def test_the_result_is_written_where_it_is_wanted(segmenter: Session) -> None:
    out = np.zeros(segmenter.output_shape(2), np.float32)
    assert segmenter.run(crops(2), out=out) is out
    assert_array_equal(out, segmenter.run(crops(2)))
    assert_allclose(out.sum(axis=1), 1, atol=1e-3)


def test_openvino_is_told_how_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = RuntimeWithoutDriver(monkeypatch)
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["OpenVINOExecutionProvider"])
    with pytest.raises(ProviderError, match="provider openvino did not start here"):
        Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.OPENVINO, threads=3)
    assert runtime.options == [{"num_of_threads": "3"}]


def test_what_tensorrt_leaves_goes_to_cuda_first(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = RuntimeWithoutDriver(monkeypatch)
    names = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: names)
    with pytest.raises(ProviderError, match="provider tensorrt did not start here"):
        Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.TENSORRT)
    assert runtime.asked == [names]
    assert runtime.options == [{"trt_cuda_graph_enable": "1"}]


def test_buffers_that_stay_on_a_device_give_the_same_answers(
    segmenter: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "DEVICES", {Provider.CPU: "cpu"})
    resident = Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.CPU, threads=1)
    for images in (crops(1), crops(2), 255 - crops(1)):
        out = np.full(segmenter.output_shape(len(images)), -1, np.float32)
        assert resident.run(images, out=out) is out
        assert_array_equal(out, segmenter.run(images))


def test_a_session_of_either_kind_tells_what_goes_in() -> None:
    shapes = [Session(find_model(name)).input_shape(2) for name in ("unet_lite", "face_finder")]
    assert shapes == [(2, 218, 178, 3), (2, 160, 160, 3)]


@pytest.mark.gpu
@pytest.mark.parametrize("provider", [Provider.CUDA, Provider.TENSORRT])
def test_a_gpu_gives_what_the_cpu_gives_in_batches_of_any_size(provider: Provider, segmenter: Session) -> None:
    loaded = Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, provider)
    assert loaded.provider is provider
    for images in (crops(2), crops(1), crops(3), 255 - crops(2)):  # a graph for each size, replayed for the last
        for _ in range(GRAPH_RUNS):
            assert_allclose(loaded.run(images), segmenter.run(images), atol=0.02)


@pytest.mark.gpu
def test_no_node_is_left_to_the_cpu() -> None:
    assert set(place_nodes(find_model("unet_lite"), Provider.CUDA).nodes) == {"cuda"}


class Installed:
    """One installed package, as importlib.metadata lists it."""

    def __init__(self, name: str) -> None:
        self.name = name


@pytest.mark.parametrize(
    ("packages", "is_refused"),
    [
        (["onnxruntime"], False),
        (["onnxruntime-gpu"], False),
        (["onnxruntime", "onnxruntime-gpu"], True),
        (["ONNXRuntime", "onnxruntime-GPU"], True),
    ],
    ids=["cpu", "gpu", "both", "both, in capitals"],
)
def test_two_builds_of_onnx_runtime_side_by_side_are_refused(
    packages: list[str], is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def distributions(name: str) -> list[Installed]:
        return [Installed(package) for package in packages if package.lower() == name]

    monkeypatch.setattr(providers.metadata, "distributions", distributions)
    if is_refused:
        with pytest.raises(ProviderError, match="pip uninstall"):
            providers.check_runtime_packages()
    else:
        providers.check_runtime_packages()
