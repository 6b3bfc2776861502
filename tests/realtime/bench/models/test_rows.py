"""What a row says in JSON and in tables."""

from collections.abc import Callable

from realtime.bench.models.rows import Measurement, files_table, starts_table, times_table

Make = Callable[..., Measurement]


def test_the_json_holds_a_baseline_only_where_there_is_one(make_row: Make) -> None:
    plain, compared = make_row().as_json(), make_row(baseline_p50_ms=4.0, ratio_to_baseline=0.5).as_json()
    assert plain["nodes_per_provider"] == {"cpu": 70}
    assert set(compared) - set(plain) == {"baseline_p50_ms", "ratio_to_baseline"}


def test_a_table_has_a_line_for_each_row(make_row: Make) -> None:
    table = times_table([make_row(), make_row(batch=4, p50_ms=8.123)])
    assert table.rows[0] == ("unet_lite", "cpu", "1", "1", "2.00", "3.00", "4.00", "1.50 to 2.50", "500")
    assert table.rows[1][3:5] == ("4", "8.12")


def test_ratios_have_a_column_where_there_are_any(make_row: Make) -> None:
    table = times_table([make_row(baseline_p50_ms=4.0, ratio_to_baseline=0.5), make_row(batch=4)])
    assert table.columns[-1] == "to old"
    assert [cells[-1] for cells in table.rows] == ["0.50", "new"]


def test_fresh_processes_are_listed_where_there_were_any(make_row: Make) -> None:
    table = starts_table([make_row(), make_row(cold_start_ms=31.4, first_run_ms=15.04, peak_rss_mb=107.3)])
    assert table.rows == [("unet_lite", "cpu", "1", "1", "31", "15.0", "107")]


def test_a_file_is_listed_once_for_each_provider(make_row: Make) -> None:
    split = {"nodes_per_provider": {"cuda": 68, "cpu": 2}, "provider_asked": "cuda"}
    table = files_table([make_row(), make_row(batch=4), make_row(**split)])
    assert [cells[3:] for cells in table.rows] == [("cpu", "cpu 70"), ("cuda", "cuda 68, cpu 2")]
