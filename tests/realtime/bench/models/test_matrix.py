"""Which rows are measured, and that they say what was asked for and what really ran."""

from dataclasses import replace
from pathlib import Path

import pytest

from realtime.bench.models import matrix, placement
from realtime.bench.models.blocks import Pace
from realtime.bench.models.fresh import FreshStart
from realtime.bench.models.matrix import Axes, find_contenders, measure_rows
from realtime.bench.models.placement import Placement
from realtime.core.errors import ModelError, ProviderError, UserError
from realtime.inference.providers import Provider
from realtime.inference.session import WEIGHTS_FOLDER, find_model

ONE_RUN = Pace(turns=2, block_s=0.0, least_runs=2, warm_up_runs=0)
LITE = Axes(("unet_lite",), (Provider.CPU,), (1,), (1,))


@pytest.mark.parametrize(
    ("cores", "provider", "named", "expected"),
    [
        (1, Provider.CPU, (), (1,)),
        (2, Provider.CPU, (), (1, 2)),
        (8, Provider.CPU, (), (1, 2, 8)),
        (8, Provider.OPENVINO, (), (1, 2, 8)),
        (8, Provider.CUDA, (), (1,)),
        (8, Provider.CPU, (3, 3), (3,)),
        (8, Provider.CUDA, (1, 4), (1, 4)),
    ],
)
def test_threads_are_one_two_and_all_but_each_once(
    cores: int, provider: Provider, named: tuple[int, ...], expected: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "usable_cores", lambda: cores)
    assert Axes(threads=named).threads_on(provider) == expected


def test_all_models_are_those_in_weights() -> None:
    assert {path.name for path in Axes().files()} == {path.name for path in WEIGHTS_FOLDER.glob("*.onnx")}
    assert Axes(("unet_lite", "unet_lite")).files() == [find_model("unet_lite")]
    with pytest.raises(ModelError, match="missing: no such model"):
        Axes(("missing",)).files()


def test_a_row_says_what_it_is_and_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int, int]] = []

    def start(path: Path, provider: str, threads: int, batch: int) -> FreshStart:
        asked.append((path.name, provider, threads, batch))
        return FreshStart(10.0 * len(asked), 2.0, 100.0)

    monkeypatch.setattr(matrix, "start_fresh", start)
    axes = replace(LITE, models=("unet_lite_fp16",), batches=(1, 2, 2))
    contenders, missing = find_contenders(axes)
    one, two = (timed.row for timed in measure_rows(contenders, ONE_RUN, processes=3))
    assert not missing
    assert (one.model, one.file, one.precision) == ("unet_lite", "unet_lite_fp16.onnx", "fp16")
    assert (one.provider_asked, one.provider_used, one.fell_back, one.nodes_elsewhere) == ("cpu", "cpu", False, 0)
    assert (one.threads, one.batch, two.batch, one.runs) == (1, 1, 2, 4)
    assert 0 < one.p50_least_ms <= one.p50_ms <= one.p95_ms <= one.p99_ms
    assert two.fps == pytest.approx(2e3 / two.p50_ms, rel=1e-3)
    assert one.file_kb == pytest.approx(find_model("unet_lite_fp16").stat().st_size / 1e3, abs=0.1)
    assert asked == [("unet_lite_fp16.onnx", "cpu", 1, batch) for batch in (1, 2)] * 3  # in turn
    assert (one.cold_start_ms, two.cold_start_ms) == (30.0, 40.0)  # the medians of 10, 30, 50 and of 20, 40, 60


def test_a_provider_that_took_no_arithmetic_is_a_row_that_fell_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "place_nodes", lambda *_: Placement({"openvino": 30, "xnnpack": 2}, "openvino"))
    row = find_contenders(LITE)[0][0].row
    assert row.fell_back
    assert row.nodes_elsewhere == 32
    assert row.ran_on == "cpu FELL BACK to openvino"


def test_some_nodes_elsewhere_are_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "place_nodes", lambda *_: Placement({"cpu": 30, "cuda": 2}, "cpu"))
    row = find_contenders(LITE)[0][0].row
    assert not row.fell_back
    assert row.ran_on == "cpu, 2 of 32 elsewhere"


def refuse(*_: object) -> placement.Placement:
    raise ProviderError("no driver")


def test_a_provider_that_does_not_start_is_an_error_only_where_it_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "place_nodes", refuse)
    monkeypatch.setattr(matrix, "available_providers", lambda: [Provider.CUDA])
    contenders, missing = find_contenders(replace(LITE, providers=()))
    assert not contenders
    assert (missing[0].file, missing[0].provider, missing[0].why) == ("unet_lite.onnx", "cuda", "no driver")
    with pytest.raises(ProviderError, match="no driver"):
        find_contenders(LITE)


def test_a_process_that_fails_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> FreshStart:
        raise UserError("out of memory")

    monkeypatch.setattr(matrix, "start_fresh", fail)
    with pytest.raises(UserError, match="out of memory"):
        measure_rows(find_contenders(LITE)[0], ONE_RUN, processes=1)
