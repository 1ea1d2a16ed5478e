"""What every adapter is: a licence, weights, requirements, and a life of load, calls, close."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel

from animeflow.errors import ContractError, SettingsError
from animeflow.models.device import CPU, Device
from animeflow.models.weights import WeightStore

DType = Literal["float32", "bfloat16", "float16"]

# Only the extras of pyproject.toml; every other requirement is an ordinary dependency.
EXTRAS = {"faster_whisper": "speech", "onnxruntime": "gpu", "torchvision": "gpu"}


@dataclass(frozen=True)
class Provenance:
    """Who made a result: goes into the metadata of its table."""

    task: str
    kind: str
    fingerprint: str
    licence: str
    weights: dict[str, str]


class Adapter(ABC):
    """Base of all adapters. Construction is cheap: weights are resolved and libraries imported in `load`.

    `licence` is the SPDX name of the method or weights, `weights` the ids in weights.toml, `requirements` the
    importable modules that `load` needs, `revision` counts changes of our own pre- and post-processing.
    """

    task: ClassVar[str]
    kind: ClassVar[str]
    licence: ClassVar[str]
    weights: ClassVar[tuple[str, ...]]
    requirements: ClassVar[tuple[str, ...]]
    options_model: ClassVar[type[BaseModel]]
    revision: ClassVar[int] = 1
    vram_fixed_bytes: ClassVar[int] = 0
    vram_pixel_bytes: ClassVar[int] = 0

    def __init__(
        self, options: BaseModel | None = None, *, store: WeightStore | None = None, threads: int = 1
    ) -> None:
        if options is not None and not isinstance(options, self.options_model):
            raise ContractError(
                f"{self.kind}: options are {type(options).__name__}, not {self.options_model.__name__}"
            )
        self.options = options if options is not None else self.options_model()
        self.store = store or WeightStore()
        self.threads = threads
        self.seed: int | None = None

    @abstractmethod
    def load(self, device: Device = CPU, dtype: DType = "float32") -> None:
        """Import libraries, resolve weights, put the network on the device. Loading twice is one load."""

    @abstractmethod
    def close(self) -> None:
        """Free the network. Closing twice is closing once; `load` brings it back."""

    @classmethod
    @abstractmethod
    def tiny(cls, seed: int) -> Self:
        """A loaded adapter on the CPU with small random weights from `seed`: contracts without weights."""

    def vram_bytes(self, batch: int, size: tuple[int, int]) -> int:
        """GPU memory for `batch` frames of size (width, height), in bytes; 0 for methods that run on the CPU.

        Linear in the pixels of the batch by the two constants of the class.
        """
        return self.vram_fixed_bytes + batch * size[0] * size[1] * self.vram_pixel_bytes

    @property
    def digests(self) -> dict[str, str]:
        """Weights id -> sha256 of what this adapter runs with."""
        if self.seed is not None:
            return {"tiny": f"seed-{self.seed}"}
        return {weight_id: self.store.row(weight_id).sha256 for weight_id in self.weights}

    @property
    def fingerprint(self) -> str:
        """16 hex digits over kind, revision, options and the digests of the weights: equal means equal results."""
        what = {
            "task": self.task,
            "kind": self.kind,
            "revision": self.revision,
            "options": self.digest_options(),
            "weights": self.digests,
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]

    def digest_options(self) -> dict[str, Any]:
        """The options that can change a result, as the fingerprint sees them."""
        return self.options.model_dump(mode="json")

    @property
    def provenance(self) -> Provenance:
        """Kind, licence and digests for the metadata of a table."""
        return Provenance(self.task, self.kind, self.fingerprint, self.licence, self.digests)

    def check_requirements(self) -> None:
        """SettingsError that names the missing packages and how to get them."""
        missing = [name for name in self.requirements if importlib.util.find_spec(name) is None]
        if missing:
            extras = sorted({EXTRAS[name] for name in missing if name in EXTRAS})
            what = f"animeflow[{','.join(extras)}]" if extras else " ".join(missing)
            raise SettingsError(
                f"{self.task} kind {self.kind!r} needs {', '.join(missing)}, which is not installed",
                hint=f"pip install '{what}'",
            )

    def not_loaded(self) -> ContractError:
        """The error of a call before `load` or after `close`."""
        return ContractError(
            f"{self.task} kind {self.kind!r} was called while not loaded", hint="call load() first"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
