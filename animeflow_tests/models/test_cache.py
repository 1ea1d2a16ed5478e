"""The cache of loaded models: one load, release by group."""

from __future__ import annotations

import threading

import pytest

from animeflow.models import cache as module
from animeflow.models.cache import ModelCache
from animeflow.models.flow.dis import Dis
from animeflow.settings import models as settings


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Loads and closes of DIS, in order."""
    seen: list[str] = []
    load, close = Dis.load, Dis.close
    monkeypatch.setattr(Dis, "load", lambda self, *a: (seen.append("load"), load(self, *a))[1])
    monkeypatch.setattr(Dis, "close", lambda self: (seen.append("close"), close(self))[1])
    return seen


def test_two_stages_share_one_load_and_the_last_one_closes_it(loads):
    cache = ModelCache()
    a = cache.get(settings.Dis(), task="flow", group="layers")
    b = cache.get(settings.Dis(), task="flow", group="measures")
    assert a is b and loads == ["load"]
    assert cache.release("layers") == 0 and loads == ["load"]
    assert cache.release("measures") == 1 and loads == ["load", "close"]
    assert len(cache) == 0


def test_other_options_threads_or_precision_are_other_models(loads):
    cache = ModelCache()
    made = [
        cache.get(settings.Dis(), task="flow", group="g"),
        cache.get(settings.Dis(preset="fast"), task="flow", group="g"),
        cache.get(settings.Dis(), task="flow", group="g", threads=2),
        cache.get(settings.Dis(), task="flow", group="g", dtype="float16"),
    ]
    assert len({id(one) for one in made}) == 4
    assert cache.release("g") == 4


def test_threads_that_ask_together_wait_for_one_load(loads):
    cache, got = ModelCache(), []
    threads = [
        threading.Thread(target=lambda: got.append(cache.get(settings.Dis(), task="flow", group="g")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == ["load"] and len({id(one) for one in got}) == 1


def test_a_load_that_fails_leaves_nothing_in_the_cache(monkeypatch):
    def fail(self, *args):
        raise RuntimeError("no")

    monkeypatch.setattr(Dis, "load", fail)
    cache = ModelCache()
    with pytest.raises(RuntimeError):
        cache.get(settings.Dis(), task="flow", group="g")
    assert len(cache) == 0 and cache.release("g") == 0


def test_the_process_has_one_cache():
    assert isinstance(module.MODELS, ModelCache)
