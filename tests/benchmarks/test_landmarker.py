"""The ratio to the peer, by hand; the peer itself only where its model file is."""

from pathlib import Path

import pytest
from benchmarks.peer_landmarker import main, ratio_of, table_of

from realtime.timing import percentiles


def test_the_ratio_is_taken_pass_by_pass() -> None:
    # Passes of 4, 6 and 3 ms against 2, 2 and 3 ms: twice, three times, once.
    ours, peer = [[4.0, 4.0], [6.0], [3.0]], [[2.0], [1.0, 2.0, 9.0], [3.0]]
    assert ratio_of(ours, peer) == {"p50": 2.0, "least": 1.0, "most": 3.0}


def test_the_table_names_both() -> None:
    ratio = {"p50": 0.5, "least": 0.4, "most": 0.6}
    times = {"ours": percentiles([2.0]), "ours_undrawn": percentiles([1.5]), "peer": percentiles([4.0])}
    counts = {"frames": 4, "ours_frames_with_face": 4, "peer_frames_with_face": 3}
    found = {**times, **counts, "ratio": ratio, "ratio_undrawn": ratio}
    table = table_of({"clip": "a.mp4", "width": 640, "height": 480, "peer_landmarker": found})
    assert table.rows[0][1:] == ("4.00", "4.00", "4.00", "1", "75.0")
    assert table.rows[2][4:] == ("0.50 (0.40 to 0.60)", "100.0")


def test_a_landmarker_that_is_not_there_is_one_line() -> None:
    with pytest.raises(SystemExit, match=r"error: missing\.task: no such face landmarker file"):
        main(Path("missing.task"), frames=2)
