"""The machine a number was measured on: processor, GPU, versions, commit, memory."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("numpy", "opencv-python", "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "av")
CPU_INFO = Path("/proc/cpuinfo")
PROCESS_STATUS = Path("/proc/self/status")


def describe_machine() -> dict[str, str]:
    """What stands beside every number; the keys stay the same from version to version, but for packages not there."""
    return {
        "cpu": cpu_name(),
        "cores": str(usable_cores()),
        **gpu_and_driver(),
        "os": platform.platform(),
        "python": platform.python_version(),
        **package_versions(),
        "commit": git_commit(),
    }


def cpu_name() -> str:
    """The processor as it calls itself."""
    if CPU_INFO.is_file():
        names = [line.partition(":")[2].strip() for line in CPU_INFO.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    if platform.system() == "Darwin":
        return _first_line("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Those that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpu_and_driver() -> dict[str, str]:
    """The first NVIDIA GPU and its driver; nothing where there is none."""
    found = _first_line("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
    gpu, _, driver = found.rpartition(", ")
    return {"gpu": gpu, "driver": driver} if gpu else {}


def package_versions() -> dict[str, str]:
    """Those of `PACKAGES` that are installed."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_commit() -> str:
    """The commit of this code, with a plus where files were changed since; "unknown" outside a repository."""
    folder = str(Path(__file__).parent)
    commit = _first_line("git", "-C", folder, "rev-parse", "--short=10", "HEAD")
    is_changed = bool(_first_line("git", "-C", folder, "status", "--porcelain", "--untracked-files=no"))
    return commit + "+" * is_changed if commit else "unknown"


def peak_rss_mb() -> float:
    """Most memory that this process ever held, in millions of bytes.

    Linux's own high-water mark where there is one: `getrusage` also counts the parent at the moment of the fork.
    """
    if PROCESS_STATUS.is_file():
        lines = [line.split() for line in PROCESS_STATUS.read_text().splitlines() if line.startswith("VmHWM")]
        return int(lines[0][1]) * 1024 / 1e6
    import resource

    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip().partition("\n")[0] if done.returncode == 0 else ""
