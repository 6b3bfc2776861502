"""OpenCV keeps to one thread and says nothing, once it is told."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import cv2
import pytest

from realtime.process import SIGNALS, StopSignals, calm_opencv


def test_opencv_is_quiet_and_keeps_to_one_thread(capfd: pytest.CaptureFixture[str]) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        calm_opencv()
        assert cv2.getNumThreads() == 1
        assert not cv2.VideoCapture("no_such_file.mp4").isOpened()
        assert capfd.readouterr() == ("", "")
    finally:
        cv2.setNumThreads(before)


@pytest.fixture(autouse=True)
def signals_that_nobody_ignores() -> Iterator[None]:
    """As in a terminal, also where these tests themselves run under nohup."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0)  # the interpreter's next chance to take it


@pytest.mark.parametrize("number", SIGNALS)
def test_before_it_is_held_back_a_signal_interrupts(number: int) -> None:
    with StopSignals() as stop, pytest.raises(KeyboardInterrupt):
        send(number)
    assert stop.is_set


@pytest.mark.parametrize("number", SIGNALS)
def test_held_back_it_is_noted(number: int) -> None:
    with StopSignals() as stop:
        stop.hold_back()
        assert not stop.is_set
        send(number)
        assert stop.is_set
        send(number)  # a second one does nothing


def test_after_the_first_one_the_others_do_nothing() -> None:
    with StopSignals():
        with pytest.raises(KeyboardInterrupt):
            send()
        send()
        send(signal.SIGTERM)


def test_where_something_is_waited_for_it_interrupts_and_only_there() -> None:
    with StopSignals() as stop:
        stop.hold_back()
        with pytest.raises(KeyboardInterrupt), stop.raising():
            send()
        send()


def test_one_that_came_before_interrupts_the_next_wait() -> None:
    with StopSignals() as stop:
        stop.hold_back()
        send()
        with pytest.raises(KeyboardInterrupt), stop.raising():
            pytest.fail("must not wait")


def test_items_come_until_a_signal() -> None:
    with StopSignals() as stop:
        stop.hold_back()
        taken = []
        for item in stop.until_set(range(9)):
            taken.append(item)
            if item == 3:
                send()
        assert taken == [0, 1, 2, 3]


def test_all_items_come_without_a_signal() -> None:
    assert list(StopSignals().until_set([1, None, 2])) == [1, None, 2]


def test_a_signal_ends_the_wait_for_an_item_that_never_comes() -> None:
    def never() -> Iterator[int]:
        yield 1
        threading.Timer(0.05, send).start()
        threading.Event().wait(20)
        yield 2

    with StopSignals() as stop:
        stop.hold_back()
        start = time.monotonic()
        assert list(stop.until_set(never())) == [1]
        assert time.monotonic() - start < 10


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with StopSignals():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_in_another_thread_it_leaves_the_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def enter() -> None:
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_signal_that_is_ignored_as_under_nohup_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals() as stop:
            send(signal.SIGHUP)
        assert not stop.is_set
    finally:
        signal.signal(signal.SIGHUP, before)
