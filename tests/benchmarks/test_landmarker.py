"""The table of the landmarker's comparison; the landmarker itself needs its model file."""

from benchmarks.landmarker import landmarker_table
from realtime.timing import percentiles


def test_the_table_names_both() -> None:
    ratio = {"p50": 0.5, "least": 0.4, "most": 0.6}
    times = {"ours": percentiles([2.0]), "ours_undrawn": percentiles([1.5]), "peer": percentiles([4.0])}
    counts = {"frames": 4, "ours_frames_with_face": 4, "peer_frames_with_face": 3}
    clip = {"clip": "a.mp4", "width": 640, "height": 480}
    table = landmarker_table({**clip, **times, **counts, "ratio": ratio, "ratio_undrawn": ratio})
    assert table.rows[0][1:] == ("4.00", "4.00", "4.00", "1", "75.0")
    assert table.rows[2][4:] == ("0.50 (0.40 to 0.60)", "100.0")
