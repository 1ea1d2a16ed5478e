"""Adapters around onnxruntime graphs; the only place that opens a session."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol, Self

import numpy as np
from pydantic import BaseModel

from animeflow.errors import SettingsError
from animeflow.models.base import Adapter, DType
from animeflow.models.device import CPU, Device


class Network(Protocol):
    """Named float32 inputs -> outputs in the graph's order. `metadata` is the graph's own key-value table."""

    metadata: Mapping[str, str]

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]: ...


class OnnxNetwork:
    """A graph on the CPU or one GPU. On the CPU the same input gives the same bytes, whatever the threads.

    Its runs take turns: two at once would take twice the memory, and threads of each other.
    """

    def __init__(self, path: Path, *, device: Device, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.use_deterministic_compute = True
        # Planned patterns take one block per shape beside the arena: MODNet and U2-Net-p together hold 878 MB with them
        # and 548 MB without, at equal CPU time. (Without the arena it is 160 MB after a run, at a tenth more CPU time.)
        options.enable_mem_pattern = False
        # Spinning threads starve the other workers of a shared machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(path),
            sess_options=options,
            providers=providers(device, onnxruntime.get_available_providers()),
        )
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self._names = [one.name for one in self._session.get_inputs()]
        self._turn = threading.Lock()

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        """Inputs by name, or `x` for the single input of a graph whatever its name."""
        if set(inputs) == {"x"} and len(self._names) == 1:
            inputs = {self._names[0]: inputs["x"]}
        with self._turn:
            return list(self._session.run(None, inputs))


def providers(device: Device, available: list[str]) -> list[str | tuple[str, dict[str, int]]]:
    """Execution providers for a device; SettingsError where a GPU is asked for and onnxruntime has no CUDA."""
    if device.type == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in available:
        raise SettingsError(
            f"onnxruntime here has no CUDA provider (it has {', '.join(available)})",
            hint="pip install --force-reinstall --no-deps onnxruntime-gpu, or set models.device to cpu",
        )
    return [("CUDAExecutionProvider", {"device_id": device.index}), "CPUExecutionProvider"]


class OnnxAdapter(Adapter):
    """An adapter whose networks are the graphs named in `weights`, in that order; they run in float32."""

    tiny_options: ClassVar[BaseModel | None] = None
    _loaded: tuple[Network, ...] = ()

    @classmethod
    @abstractmethod
    def stand_ins(cls, seed: int) -> tuple[Network, ...]:
        """Seeded functions with the signatures of the graphs, for `tiny`."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """The open graphs; ContractError before `load` and after `close`."""
        if not self._loaded:
            raise self.not_loaded()
        return self._loaded

    def load(self, device: Device = CPU, dtype: DType = "float32") -> None:  # noqa: ARG002 - graphs are float32
        """Open the graphs."""
        if self._loaded:
            return
        if self.seed is not None:
            self._loaded = self.stand_ins(self.seed)
            return
        self.check_requirements()
        paths = [self.store.resolve(weight_id) for weight_id in self.weights]
        self._loaded = tuple(OnnxNetwork(path, device=device, threads=self.threads) for path in paths)

    def close(self) -> None:
        """Free the graphs."""
        self._loaded = ()

    @classmethod
    def tiny(cls, seed: int) -> Self:
        """Our pre- and post-processing around seeded stand-ins."""
        adapter = cls(cls.tiny_options)
        adapter.seed = seed
        adapter.load()
        return adapter
