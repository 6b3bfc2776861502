"""Does the live loop leak? It runs the program for minutes at full speed and watches it from outside (Linux).

python -m benchmarks.soak --minutes 10 --json soak.json
"""

import json as json_format
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime.bench.__main__ import show
from realtime.bench.text_table import TextTable
from realtime.core.errors import UserError
from realtime.core.files import write_json
from realtime.core.machine import describe_machine

PROJECT = Path(__file__).parent.parent
SETTLE_S = 60.0
"""Growth counts from here on; in a run shorter than two minutes from its middle on."""
AVERAGED = 10
"""Samples whose mean is the memory at the start and at the end."""
MOST_FRAMES = 10**9
GIVE_UP_S = 60.0


@dataclass(frozen=True)
class Sample:
    """The program at one moment: seconds since its start, millions of bytes, threads, open descriptors."""

    time_s: float
    rss_mb: float
    threads: int
    descriptors: int


def sample_process(pid: int, time_s: float) -> Sample:
    """What Linux says of a process.

    Raises:
        OSError, KeyError: it is gone.
    """
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(time_s, int(status["VmRSS"].split()[0]) * 1024 / 1e6, int(status["Threads"]), descriptors)


def summarize(samples: Sequence[Sample], seconds: float) -> dict[str, float]:
    """Growth of memory, threads and descriptors between the settled start and the end.

    Args:
        samples: in the order of time.
        seconds: that the run was to take.

    Raises:
        ValueError: the program did not live long enough to be judged.
    """
    settled = [sample for sample in samples if sample.time_s >= min(SETTLE_S, seconds / 2)]
    if len(settled) < 2:
        raise ValueError("the program ended before it had settled")
    few = min(AVERAGED, len(settled) // 2)
    start, end = settled[:few], settled[-few:]
    start_mb, end_mb = (sum(sample.rss_mb for sample in part) / few for part in (start, end))
    return {
        "rss_start_mb": round(start_mb, 2),
        "rss_end_mb": round(end_mb, 2),
        "rss_growth_mb": round(end_mb - start_mb, 2),
        "rss_most_mb": round(max(sample.rss_mb for sample in samples), 2),
        "threads_start": start[0].threads,
        "threads_end": end[-1].threads,
        "descriptors_start": start[0].descriptors,
        "descriptors_end": end[-1].descriptors,
    }


def soak(seconds: float, folder: Path, flags: Sequence[str]) -> dict[str, Any]:
    """One run of the program on the demo, headless, ended by Ctrl-C.

    Args:
        seconds: how long.
        folder: where it writes.
        flags: of its outputs.

    Raises:
        ValueError: it ended early, or not by itself; the message holds what it said.
    """
    numbers = folder / "numbers.json"
    command = (sys.executable, "-m", "run_webcam", "--source", "demo", "--headless", "--max-frames", str(MOST_FRAMES))
    log = folder / "said.txt"
    samples: list[Sample] = []
    start = time.perf_counter()
    with log.open("w") as said:
        process = subprocess.Popen(
            (*command, "--json", str(numbers), *flags), cwd=PROJECT, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            while (elapsed := time.perf_counter() - start) < seconds and process.poll() is None:
                with suppress(OSError, KeyError):  # it ended just now: its exit code says why
                    samples.append(sample_process(process.pid, elapsed))
                time.sleep(min(1.0, seconds / 60))
            process.send_signal(signal.SIGINT)
            code = process.wait(GIVE_UP_S)
        finally:
            process.kill()
    if code != 0 or not numbers.is_file():
        raise ValueError(f"the program ended with {code}: {log.read_text().strip()[-300:]}")
    run = json_format.loads(numbers.read_text())
    written_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return {
        **summarize(samples, seconds),
        "frames": run["frames"],
        "frames_with_face": run["frames_with_face"],
        "fps": run["fps"],
        "written_mb": round(written_mb, 1),
    }


def table_of(results: dict[str, Any]) -> TextTable:
    """One row for each run."""
    rows = [
        (
            name,
            f"{run['frames']}",
            f"{run['fps']:.0f}",
            f"{run['rss_start_mb']:.1f}",
            f"{run['rss_end_mb']:.1f}",
            f"{run['rss_growth_mb']:+.1f}",
            f"{run['threads_start']}, {run['threads_end']}",
            f"{run['descriptors_start']}, {run['descriptors_end']}",
            f"{run['written_mb']:.0f}",
        )
        for name, run in results["runs"].items()
    ]
    memory = ("RSS settled, MB", "at the end", "growth")
    columns = ("demo, headless", "frames", "fps", *memory, "threads", "descriptors", "written, MB")
    return TextTable(f"{results['minutes']:g} minutes each at full speed", columns, rows)


def main(
    minutes: Annotated[float, typer.Option(min=0.05, help="Of each of the two runs.")] = 10.0,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables to paste into a page.")] = False,
) -> None:
    """Run the live loop for minutes, without outputs and with a video and JSON lines, and see what grows."""
    runs = {}
    try:
        for name, names in {
            "no output": {},
            "video and JSON lines": {"--output": "o.mp4", "--jsonl": "o.jsonl"},
        }.items():
            with tempfile.TemporaryDirectory() as folder:
                flags = [part for flag, file in names.items() for part in (flag, str(Path(folder) / file))]
                runs[name] = soak(minutes * 60, Path(folder), flags)
        results = {"machine": describe_machine(), "minutes": minutes, "runs": runs}
        if json is not None:
            write_json(json, results)
    except (UserError, ValueError) as error:
        sys.exit(f"error: {error}")
    show([table_of(results)], markdown)


if __name__ == "__main__":
    typer.run(main)
