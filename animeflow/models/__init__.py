"""Models behind small protocols: one folder per task, one file per kind, weights as data.

    store = WeightStore(settings.models.weights)
    model = create(settings.models.segment, task="segment", store=store, threads=2)
    with model:
        model.load()
        masks = model.segment(frames)

Importing this package imports no heavy library; `load()` does.
"""

from animeflow.models.base import Adapter, DType, Provenance
from animeflow.models.device import CPU, Device, candidates, divide_threads, lease
from animeflow.models.registry import TASKS, adapters, all_adapters, create, register
from animeflow.models.weights import WeightStore

__all__ = [
    "CPU",
    "TASKS",
    "Adapter",
    "DType",
    "Device",
    "Provenance",
    "WeightStore",
    "adapters",
    "all_adapters",
    "candidates",
    "create",
    "divide_threads",
    "lease",
    "register",
]
