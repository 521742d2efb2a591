"""Machine: cores, and what a process of ours has used of them. Linux, for the sake of its /proc."""

from __future__ import annotations

import os
import platform
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


def refuse_others() -> None:
    """Raises SystemExit where processes cannot be pinned, or their time not be read."""
    if not hasattr(os, "sched_setaffinity") or not Path("/proc/self/status").exists():
        sys.exit("the benchmarks run on Linux only: they pin processes to cores and read /proc")


def cores() -> tuple[set[int], set[int]]:
    """Those of who asks and of the upstream, then that of the peers. One core for all when there is no other."""
    *others, last = sorted(os.sched_getaffinity(0))
    return set(others) or {last}, {last}


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, all threads, user and system, to the nanosecond."""
    # The number clock_getcpuclockid(3) gives; Python has no name for it.
    return time.clock_gettime((~pid << 3) | 2)


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Resident memory; with VmHWM its highest since the start, or since `forget_peak`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def forget_peak(pid: int) -> None:
    with suppress(OSError):  # some containers forbid it: the peak is then that of the whole run
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def described(load: float) -> dict[str, object]:
    """What a reader needs to place the figures. load: how many others wanted a core before anything was started."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(load, 1),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
