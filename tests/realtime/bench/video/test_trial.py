"""Passes over a clip, and what is made of their times."""

import time

import numpy as np
import pytest

from realtime.bench.video.clip import Clip, read_clip
from realtime.bench.video.trial import Pass, Setup, Trial, interleave, summarize_stages
from realtime.core.geometry import BgrImage
from realtime.face import Face
from realtime.inference.session import Provider
from realtime.timing import StageTimer
from realtime.tracking.smoothing import Smoothing

SETUP = Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW)


@pytest.fixture(scope="module")
def demo() -> Clip:
    return read_clip("demo", 4)


def test_a_pass_times_every_frame_and_leaves_the_clip_as_it_was(demo: Clip) -> None:
    before = [frame.copy() for frame in demo.frames]
    trial = Trial(demo, SETUP)
    trial.play()
    second = trial.play()
    assert second.faces == [1, 1, 1, 1]
    assert all(len(second.stages_ms[name]) == 4 for name in ("crop", "infer", "draw", "whole"))
    assert "find" not in second.stages_ms  # the warm-up found the face, and its times are forgotten
    for one, other in zip(before, demo.frames, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_whole_is_no_less_than_its_stages(demo: Clip) -> None:
    played = Trial(demo, SETUP).play()
    stages = [sum(played.stages_ms[name]) for name in played.stages_ms if name != "whole"]
    assert sum(played.stages_ms["whole"]) >= sum(stages)


def test_a_clip_is_played_forth_and_back(demo: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []

    def remember(_trial: Trial, frame_bgr: BgrImage) -> list[Face]:
        shown.append(next(i for i, frame in enumerate(demo.frames) if frame is frame_bgr))
        return []

    monkeypatch.setattr(Trial, "play_frame", remember)
    trial = Trial(demo, SETUP)
    trial.play()
    trial.play()
    trial.play()
    assert shown == [0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3]


def test_four_copies_of_a_face_are_four_faces(demo: Clip) -> None:
    trial = Trial(demo, Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW, faces=4), copies=4)
    assert trial.play().faces[-1] == 4


def test_trials_take_turns_after_a_pass_that_does_not_count() -> None:
    order: list[str] = []

    class Named(Trial):
        def __init__(self, name: str) -> None:
            self.name = name

        def play(self) -> Pass:
            order.append(self.name)
            return Pass({"whole": [float(len(order))]}, [1])

    passes = interleave([Named("a"), Named("b")], repeat=3)
    assert order == ["a", "b", "a", "b", "b", "a", "a", "b"]
    assert [one.stages_ms["whole"] for one in passes[0]] == [[3.0], [6.0], [7.0]]


def test_a_summary_is_worked_by_hand() -> None:
    passes = [Pass({"whole": [1.0, 3.0], "find": [9.0]}, [1, 1]), Pass({"whole": [5.0, 7.0]}, [1, 1])]
    summary = summarize_stages(passes)
    assert list(summary) == ["find", "whole"]
    assert summary["whole"] == {"p50": 4.0, "p95": 6.7, "p99": 6.94, "p50_least": 2.0, "p50_most": 6.0, "frames": 4}
    assert summary["find"]["frames"] == 1


def test_a_stage_that_is_not_known_stands_before_the_whole() -> None:
    names = ("whole", "polish", "draw", "crop")
    assert list(summarize_stages([Pass({name: [1.0] for name in names}, [1])])) == ["crop", "draw", "polish", "whole"]


def test_taken_times_are_forgotten() -> None:
    timer = StageTimer()
    with timer.stage("nap"):
        time.sleep(0.001)
    timer.end_frame()
    assert len(timer.take()["nap"]) == 1
    assert timer.take() == {}
