from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from animeflow.errors import StageFailed
from animeflow.report import build_report
from animeflow.report.shard import ShardData
from animeflow.settings.load import load
from animeflow.tables.failed import remembered
from animeflow.tables.stages import GROUPS, STAGES
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_on_disk import SHARD

TIMED = re.compile(r"<!--timed-->.*?<!--/timed-->", re.DOTALL)
# What may stand open in HTML without an end tag.
VOID = {"meta", "link", "br", "img", "input", "hr"}


class _Reader(HTMLParser):
    """Collects what a test asks about: balance of tags, ids, what would be fetched, text outside scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.targets: list[str] = []
        self.unnamed: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag == "a" and str(found.get("href", "")).startswith("#"):
            self.targets.append(str(found["href"])[1:])
        for name in ("src", "srcset", "poster", "data"):
            if found.get(name) and not str(found[name]).startswith("data:"):
                self.fetched.append(f"{tag} {name}={found[name]}")
        if tag == "img" and "alt" not in found:
            self.unnamed.append(self.get_starttag_text())
        if found.get("role") in ("img", "region") and not found.get("aria-label"):
            self.unnamed.append(self.get_starttag_text())

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "script" not in self.open and "style" not in self.open:
            self.text.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def html(finished_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_report(
        finished_workspace, SHARD, tmp_path_factory.mktemp("out") / "deep" / "page.html"
    ).read_text()


@pytest.fixture(scope="module")
def page(html: str) -> _Reader:
    return _read(html)


def test_the_page_asks_for_nothing_from_any_network(html: str, page: _Reader) -> None:
    assert page.fetched == []
    assert "default-src 'none'" in html
    assert not re.search(r"url\((?!data:|#)", html) and "@import" not in html and "<link" not in html


def test_every_group_of_stages_is_a_section_and_every_asset_is_named(page: _Reader) -> None:
    sections = [group for group in GROUPS if any(s.partitioned and s.group == group for s in STAGES.values())]
    assert [name for name in page.ids if name in (*sections, "run")] == [*sections, "run"]
    words = set(" ".join(page.text).split())
    assert {name for name, stage in STAGES.items() if stage.partitioned} <= words


def test_ids_are_unique_and_links_inside_the_page_lead_somewhere(page: _Reader) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert set(page.targets) <= set(page.ids)


def test_pictures_and_regions_have_names_for_those_who_do_not_see_them(page: _Reader) -> None:
    assert page.unnamed == []


def test_names_of_files_are_text_and_never_markup(html: str) -> None:
    assert "episode &lt;01&gt; &amp; friends.mkv" in html and "<01>" not in html


def test_the_head_says_what_was_kept_and_what_failed(page: _Reader) -> None:
    text = " ".join(" ".join(page.text).split())
    assert "4 of 6 clips kept," in text
    assert "1 file failed: notes.mkv." in text


def test_the_same_workspace_gives_the_same_page(
    finished_workspace: Workspace, tmp_path: Path, html: str
) -> None:
    assert build_report(finished_workspace, SHARD, tmp_path / "again.html").read_text() == html


def test_times_of_stages_stand_between_marks_and_nowhere_else(
    own_workspace: Workspace, html: str, tmp_path: Path
) -> None:
    for log in own_workspace.logs_dir(SHARD).glob("*.json"):
        log.write_text(
            log.read_text().replace('"wall_s": ', '"wall_s": 9').replace('"cpu_s": ', '"cpu_s": 7')
        )
    other = build_report(own_workspace, SHARD, tmp_path / "page.html").read_text()
    assert other != html
    assert TIMED.sub("", other) == TIMED.sub("", html)


def test_a_page_is_replaced_whole_and_leaves_nothing_beside_it(
    finished_workspace: Workspace, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    out.write_text("old")
    build_report(finished_workspace, SHARD, out)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"] and out.read_text().startswith(
        "<!doctype html>"
    )


def test_without_any_one_asset_the_page_says_so_and_shows_the_rest(
    own_workspace: Workspace, tmp_path: Path
) -> None:
    for asset in (name for name, stage in STAGES.items() if stage.partitioned):
        folder, aside = own_workspace.asset_dir(SHARD, asset), tmp_path / asset
        if not folder.exists():
            continue
        folder.rename(aside)
        page = _read(build_report(own_workspace, SHARD, tmp_path / "p.html").read_text())
        text = " ".join(" ".join(page.text).split())
        assert f"{asset} missing: not materialised" in text
        assert "have no result:" in text
        aside.rename(folder)


def test_a_stage_that_failed_as_a_whole_is_on_top_with_the_way_out(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "none")
    why = "6 of 19 videos failed (--set run.max_failed_share=0.32 goes on with the others)"
    with pytest.raises(StageFailed), remembered(workspace.logs_dir(SHARD), "shard_files"):
        raise StageFailed(why)
    page = _read(build_report(workspace, SHARD, tmp_path / "p.html").read_text())
    text = " ".join(" ".join(page.text).split())
    head, _, rest = text.partition("stages have no result:")
    assert f"shard_files failed: stage_failed: {why}." in head
    assert f"not materialised; its last run failed: stage_failed: {why}" in rest


def test_an_empty_shard_gives_a_page(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "none")
    text = " ".join(
        _read(build_report(workspace, "nothing-here-00000000", tmp_path / "p.html").read_text()).text
    )
    assert "stages have no result:" in text


def test_every_table_may_be_damaged_without_a_crash(own_workspace: Workspace, tmp_path: Path) -> None:
    for path in own_workspace.shard_dir(SHARD).rglob("*.parquet"):
        path.write_bytes(b"x" * path.stat().st_size)
    text = " ".join(_read(build_report(own_workspace, SHARD, tmp_path / "p.html").read_text()).text)
    assert "cannot be read" in text


def test_a_file_of_another_size_than_the_manifest_says_is_damage(
    own_workspace: Workspace, tmp_path: Path
) -> None:
    next((own_workspace.asset_dir(SHARD, "key_frames") / "media").iterdir()).write_bytes(b"short")
    assert ShardData(own_workspace, SHARD).assets["key_frames"].state == "damaged"
    build_report(own_workspace, SHARD, tmp_path / "p.html")


def test_a_damaged_manifest_is_named_with_its_remedy(own_workspace: Workspace, tmp_path: Path) -> None:
    (own_workspace.asset_dir(SHARD, "shots") / "manifest.json").write_text("{")
    text = " ".join(_read(build_report(own_workspace, SHARD, tmp_path / "p.html").read_text()).text)
    assert "the manifest is damaged" in text


def test_thresholds_come_from_the_settings_that_are_given(
    finished_workspace: Workspace, tmp_path: Path
) -> None:
    strict = load(overrides=("curation.min_sharpness=150",), environment={})
    text = build_report(finished_workspace, SHARD, tmp_path / "p.html", settings=strict).read_text()
    assert "curation.min_sharpness" in text and "≥ 150" in text


def test_thresholds_come_from_the_settings_saved_in_the_workspace(
    own_workspace: Workspace, tmp_path: Path
) -> None:
    (own_workspace.root / "settings.yaml").write_text("curation:\n  min_sharpness: 151\n")
    assert "≥ 151" in build_report(own_workspace, SHARD, tmp_path / "p.html").read_text()
    (own_workspace.root / "settings.yaml").write_text("curation:\n  no_such_key: 1\n")
    assert "≥ 151" not in build_report(own_workspace, SHARD, tmp_path / "p.html").read_text()
