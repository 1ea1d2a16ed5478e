"""When memory is said to grow, and how it is measured."""

from __future__ import annotations

import sys

from benchmarks.common import watched
from benchmarks.memory import MEGA, Peak, duration_verdict, size_verdict

HELD = """
import subprocess, sys, time
if len(sys.argv) > 1:
    held = bytearray(b"x") * 60_000_000
    time.sleep(1)
else:
    subprocess.run([sys.executable, "-c", open("/proc/self/cmdline").read().split(chr(0))[2], "child"], check=True)
"""


def peak(mega: float, size: tuple[int, int] = (320, 180), minutes: float = 10) -> Peak:
    return Peak(minutes, size, 100, int(mega * MEGA), 0, 1.0)


def test_a_peak_that_grows_with_the_duration_does_not_hold() -> None:
    assert duration_verdict(peak(400), peak(430, minutes=60))["holds"] is True
    assert duration_verdict(peak(400), peak(450, minutes=60))["holds"] is False


def test_a_peak_may_grow_by_the_frames_that_a_decoder_holds_and_no_more() -> None:
    least = peak(400, (640, 360))
    uhd = 3840 * 2160 * 3 // 2 / MEGA
    verdict = size_verdict(least, peak(400 + 20 * uhd, (3840, 2160)))
    assert verdict["holds"] is True
    assert 19 < float(str(verdict["frames of the larger size"])) < 21
    assert size_verdict(least, peak(400 + 30 * uhd, (3840, 2160)))["holds"] is False


def test_the_memory_of_child_processes_counts() -> None:
    cost = watched([sys.executable, "-c", HELD], every_s=0.02)
    assert cost.returncode == 0, cost.output
    assert cost.peak_bytes > 60_000_000
    assert cost.high_water_bytes >= cost.peak_bytes * 0.9
    bare = watched([sys.executable, "-c", "import time; time.sleep(0.3)"], every_s=0.02)
    assert cost.peak_bytes - bare.peak_bytes > 50_000_000


def test_a_command_that_fails_says_so_with_what_it_wrote() -> None:
    cost = watched([sys.executable, "-c", "print('why'); raise SystemExit(3)"])
    assert (cost.returncode, cost.output) == (3, "why\n")
