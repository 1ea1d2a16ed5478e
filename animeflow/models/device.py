"""Where a model runs: picking a device, leasing a GPU between processes, dividing threads."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from animeflow.errors import DeviceBusy, SettingsError

DEVICE = re.compile(r"^(auto|cpu|cuda(?::(\d+))?)$")


@dataclass(frozen=True)
class Device:
    """A CPU, or one GPU by its index among the visible ones."""

    type: Literal["cpu", "cuda"]
    index: int = 0

    def __str__(self) -> str:
        return "cpu" if self.type == "cpu" else f"cuda:{self.index}"


CPU = Device("cpu")
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # of x86 and of ARM


def candidates(setting: str, *, gpus: Callable[[], int] | None = None) -> list[Device]:
    """Devices that a setting allows, best first: auto, cpu, cuda or cuda:<index>.

    `auto` is the GPUs where there are any, else the CPU. SettingsError where a named GPU is not there.
    """
    match = DEVICE.match(setting)
    if match is None:
        raise SettingsError(f"models.device is {setting!r}", hint="allowed: auto, cpu, cuda, cuda:<index>")
    if setting == "cpu":
        return [CPU]
    found = [Device("cuda", index) for index in range((gpus or count_gpus)())]
    if setting == "auto":
        return found or [CPU]
    if match.group(2) is not None:
        found = [device for device in found if device.index == int(match.group(2))]
    if not found:
        raise SettingsError(
            f"models.device is {setting!r}, but no such GPU is usable here", hint="animeflow doctor"
        )
    return found


def count_gpus() -> int:
    """GPUs that torch can use; torch is imported only where a driver is present."""
    if not Path("/dev/nvidiactl").exists() and not Path("/dev/dxg").exists():
        return 0
    import torch

    return int(torch.cuda.device_count()) if torch.cuda.is_available() else 0


def gpu_name(device: Device) -> str:
    """A name that is the same in every process whatever CUDA_VISIBLE_DEVICES says: the card's uuid."""
    import torch

    return str(torch.cuda.get_device_properties(device.index).uuid)


def has_bf16(kind: Literal["cpu", "cuda"]) -> bool:
    """Whether a CPU or the first GPU of this machine computes in bfloat16 by itself; where it does not, it is slower.

    A property of the machine, read and not timed: equal machines say the same.
    """
    if kind == "cpu":
        try:
            words = set(Path("/proc/cpuinfo").read_text().split())
        except OSError:
            return False
        return bool(words & BF16_FLAGS)
    if not count_gpus():
        return False
    import torch

    return torch.cuda.get_device_capability(0) >= (8, 0)


def lease_folder() -> Path:
    """Where lease files lie: the user's runtime folder, else the temporary folder."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) if base and Path(base).is_dir() else Path(tempfile.gettempdir())


@contextlib.contextmanager
def lease(
    devices: list[Device],
    *,
    timeout_s: float,
    poll_s: float = 0.5,
    folder: Path | None = None,
    name: Callable[[Device], str] | None = None,
) -> Iterator[Device]:
    """Hold one of `devices` for this process: the CPU is always free, a GPU is one file lock.

    The kernel drops the lock when the process ends, however it ends. Raises DeviceBusy after `timeout_s`.
    """
    if CPU in devices:
        yield CPU
        return
    base, named = folder or lease_folder(), name or gpu_name
    paths = {device: base / f"animeflow-gpu-{named(device)}.lock" for device in devices}
    deadline = time.monotonic() + timeout_s
    while (held := first_free(paths)) is None:
        if time.monotonic() >= deadline:
            raise DeviceBusy(
                f"none of {', '.join(map(str, devices))} became free in {timeout_s:.0f} s",
                hint="another animeflow process holds it; raise models.lease_timeout_s or use fewer workers",
            )
        time.sleep(poll_s)
    device, stream = held
    with stream:
        yield device


def first_free(paths: dict[Device, Path]) -> tuple[Device, IO[str]] | None:
    """Lock the first device that nobody holds; the open file is the lock."""
    for device, path in paths.items():
        stream = path.open("a")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.close()
            continue
        return device, stream
    return None


def divide_threads(total: int, workers: int) -> int:
    """Threads for each of `workers` that compute at the same time, at least one."""
    return max(1, total // max(1, workers))


def apply_threads(threads: int) -> None:
    """Give torch and OpenCV `threads` each, where they are already imported (onnxruntime is told per session)."""
    for name, call in (("torch", "set_num_threads"), ("cv2", "setNumThreads")):
        if name in sys.modules:
            getattr(sys.modules[name], call)(threads)


def free_device_memory() -> None:
    """Return cached GPU memory to the driver, where torch runs on one."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
