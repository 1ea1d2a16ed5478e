"""Devices: what a setting allows, one process per GPU, threads."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from animeflow.errors import DeviceBusy, SettingsError
from animeflow.models.device import CPU, Device, apply_threads, candidates, divide_threads, has_bf16, lease


def one_card(_device: Device) -> str:
    return "card"


GPU = [Device("cuda", 0), Device("cuda", 1)]


@pytest.mark.parametrize(
    ("setting", "gpus", "expected"),
    [
        ("cpu", 2, [CPU]),
        ("auto", 0, [CPU]),
        ("auto", 2, GPU),
        ("cuda", 2, GPU),
        ("cuda:1", 2, GPU[1:]),
    ],
)
def test_a_setting_names_the_devices_that_may_be_used(setting, gpus, expected):
    assert candidates(setting, gpus=lambda: gpus) == expected


@pytest.mark.parametrize(("setting", "gpus"), [("cuda", 0), ("cuda:2", 2), ("gpu", 1), ("cuda:x", 1)])
def test_a_gpu_that_is_not_there_is_an_error_and_never_the_cpu_instead(setting, gpus):
    with pytest.raises(SettingsError, match=repr(setting)):
        candidates(setting, gpus=lambda: gpus)


def test_the_cpu_is_always_free(tmp_path):
    with lease([CPU], timeout_s=0, folder=tmp_path) as a, lease([CPU], timeout_s=0, folder=tmp_path) as b:
        assert a == b == CPU
    assert list(tmp_path.iterdir()) == []


def test_two_leases_get_two_gpus_and_the_third_finds_all_busy(tmp_path):
    def take():
        return lease(
            GPU, timeout_s=0.05, poll_s=0.01, folder=tmp_path, name=lambda device: f"card{device.index}"
        )

    with take() as a, take() as b:
        assert [a, b] == GPU
        with pytest.raises(DeviceBusy, match="cuda:0, cuda:1") as error, take():
            pass
        assert error.value.transient
    with take() as again:
        assert again == GPU[0]


def test_the_lease_of_a_killed_process_is_free_at_once(tmp_path):
    script = f"""
import pathlib, time
from animeflow.models.device import Device, lease
with lease([Device("cuda", 0)], timeout_s=0, folder=pathlib.Path({str(tmp_path)!r}), name=lambda d: "card"):
    print("held", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline().strip() == "held"

    def take():
        return lease(GPU[:1], timeout_s=0, folder=tmp_path, name=one_card)

    with pytest.raises(DeviceBusy), take():
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with take() as device:
        assert device == GPU[0]


def test_a_lease_waits_until_the_holder_lets_go(tmp_path):
    import threading

    def take(timeout_s):
        return lease(GPU[:1], timeout_s=timeout_s, poll_s=0.01, folder=tmp_path, name=one_card)

    order, held = [], threading.Event()

    def hold() -> None:
        with take(0):
            held.set()
            time.sleep(0.1)
            order.append("let go")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with take(10):
        order.append("taken")
    thread.join()
    assert order == ["let go", "taken"]


@pytest.mark.parametrize(("total", "workers", "each"), [(8, 2, 4), (2, 8, 1), (5, 2, 2), (4, 0, 4)])
def test_threads_are_divided_and_nobody_gets_none(total, workers, each):
    assert divide_threads(total, workers) == each


def test_threads_reach_opencv_and_torch_where_they_are_imported():
    import cv2
    import torch

    before = cv2.getNumThreads(), torch.get_num_threads()
    try:
        apply_threads(1)
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (1, 1)
        apply_threads(2)
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (2, 2)
    finally:
        cv2.setNumThreads(before[0])
        torch.set_num_threads(before[1])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu avx512f avx512_bf16", True),
        ("Features : asimd bf16", True),
        ("flags : avx512f avx2", False),
    ],
)
def test_bfloat16_of_a_cpu_is_read_from_its_flags(
    monkeypatch: pytest.MonkeyPatch, flags: str, expected: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _: flags)
    assert has_bf16("cpu") is expected


def test_a_machine_that_does_not_say_has_no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert not has_bf16("cpu")
