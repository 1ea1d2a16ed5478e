from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from animeflow.layers.effects import Blend
from animeflow.report import build_report
from animeflow.report.frames import source_frames
from animeflow.report.layers import MOST_DRAWINGS, LayerView, ShownClip, layer_view
from animeflow.report.panes import WIDTH, Layers, paint_background, paint_mask, paint_recomposition
from animeflow.report.pictures import Budget, evenly, sprite
from animeflow.report.shard import ShardData
from animeflow.report.text import decibel, percent
from animeflow.report.timeline import timelines
from animeflow.settings.shots import DecodeSettings
from animeflow.tables.workspace import Workspace
from animeflow_tests.report.shard_on_disk import SHARD

NAMES = ["frame", "mask", "character", "effect", "background", "recomposition"]


def _view(workspace: Workspace, limit: int = 50_000_000) -> LayerView:
    data = ShardData(workspace, SHARD)
    return layer_view(data, timelines(data, Budget(0)), Budget(limit))


@pytest.fixture(scope="module")
def view(finished_workspace: Workspace) -> LayerView:
    return _view(finished_workspace)


def _drawing(alpha: int = 128, ids: int = 1, **more: object) -> Layers:
    shape = (36, 64)
    values = {
        "frame": None, "character": np.full((*shape, 4), (200, 100, 50, alpha), np.uint8),
        "background": np.full((*shape, 3), 40, np.uint8), "hole": np.zeros(shape, np.uint8),
        "instances": np.full(shape, ids, np.uint8), "effect": None, "blend": None, **more,
    }  # fmt: skip
    return Layers(**values)  # type: ignore[arg-type]


def _decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_every_kept_clip_stands_there_with_all_six_pictures(view: LayerView, data: ShardData) -> None:
    kept = [row["clip_id"] for row in data.rows("kept_clips") if row["keep"]]
    assert [clip.clip_id for clip in view.clips] == sorted(kept)
    for clip in view.clips:
        assert [pane.name for pane in clip.panes] == NAMES
    assert view.note == ""


def test_a_sprite_has_a_tile_per_drawing(view: LayerView) -> None:
    for clip in view.clips:
        for pane in clip.panes:
            if pane.uri:
                image = _decoded(pane.uri)
                assert pane.columns * pane.rows >= len(clip.names) > pane.columns * (pane.rows - 1)
                assert image.width % pane.columns == 0 and image.height % pane.rows == 0
                assert image.width // pane.columns <= WIDTH


def test_playing_holds_each_drawing_for_its_time_in_the_film(view: LayerView, data: ShardData) -> None:
    rows = {row["clip_id"]: row for row in data.rows("clips")}
    for clip in view.clips:
        assert sum(clip.holds) == pytest.approx(rows[clip.clip_id]["duration_s"], abs=0.005)
        assert len(clip.holds) == len(clip.names) <= MOST_DRAWINGS


def test_a_clip_without_plate_says_why(view: LayerView) -> None:
    said = [clip.warning for clip in view.clips if clip.warning]
    assert said == ["This clip has no plate: no registration."]


def test_a_clip_says_how_far_the_seed_networks_agree(view: LayerView) -> None:
    assert {dict(clip.facts)["networks agree"] for clip in view.clips} == {percent(0.8)}


def test_a_small_budget_shows_fewer_drawings_and_says_so(finished_workspace: Workspace) -> None:
    small = _view(finished_workspace, limit=190_000)
    spent = sum(len(pane.uri or "") for clip in small.clips for pane in clip.panes)
    assert spent <= 200_000
    assert any(clip.note.endswith("playing keeps the clip's time.") for clip in small.clips) or small.note
    nothing = _view(finished_workspace, limit=0)
    assert nothing.clips == [] and nothing.note.startswith("0 of 4 clips")


def test_without_its_source_a_clip_still_shows_its_layers(own_workspace: Workspace) -> None:
    next((own_workspace.asset_dir(SHARD, "shard_files") / "media").iterdir()).unlink()
    data = ShardData(own_workspace, SHARD)
    assert source_frames(data, data.rows("shard_files")[0]["video_id"], [0, 1]) == [None, None]
    clip: ShownClip = _view(own_workspace).clips[0]
    assert clip.panes[0].uri is None and clip.panes[0].note == "the source is not here any more"
    assert clip.panes[5].uri is not None


def test_the_frame_pane_is_the_frame_of_the_source(data: ShardData) -> None:
    video = next(row["video_id"] for row in data.rows("shard_files") if row["usable"])
    first, later = source_frames(data, video, [0, 20])
    assert first is not None and later is not None and first.shape == (72, 128, 3)
    assert np.abs(first.astype(int) - later).mean() > 1


def test_a_source_beyond_the_settings_limits_is_not_shown(finished_workspace: Workspace) -> None:
    data = ShardData(finished_workspace, SHARD, decode=DecodeSettings(max_pixels=64 * 64))
    video = next(row["video_id"] for row in data.rows("shard_files") if row["usable"])
    assert source_frames(data, video, [0]) == [None]
    assert "more than 4096 pixels" in data.problems["shard_files"]


def test_a_picture_that_cannot_be_opened_leaves_its_drawing_out(own_workspace: Workspace) -> None:
    row = ShardData(own_workspace, SHARD).rows("smoothed_layers")[0]
    path = own_workspace.asset_dir(SHARD, "smoothed_layers") / row["character_path"]
    path.write_bytes(b"x" * path.stat().st_size)
    clip = next(clip for clip in _view(own_workspace).clips if clip.clip_id == row["clip_id"])
    assert clip.names[0].startswith("2 of ")


def test_the_recomposition_uses_the_effect_and_its_blend() -> None:
    light = np.full((36, 64, 3), 30, np.uint8)
    plain, lit = paint_recomposition(_drawing()), paint_recomposition(_drawing(effect=light, blend=Blend.ADD))
    assert np.array_equal(lit.astype(int) - plain, np.full_like(plain, 30, dtype=int))


def test_the_mask_is_alpha_and_instances_differ_in_colour() -> None:
    assert np.unique(paint_mask(_drawing(alpha=128))).tolist() == [128]
    ids = np.zeros((36, 64), np.uint8)
    ids[:, :32], ids[:, 32:] = 1, 2
    mask = paint_mask(_drawing(alpha=255, instances=ids))
    assert tuple(mask[0, 0]) != tuple(mask[0, 63])


def test_filled_background_is_scratched_and_seen_background_is_not() -> None:
    hole = np.zeros((36, 64), np.uint8)
    hole[:, :32] = 255
    picture = paint_background(_drawing(hole=hole))
    assert np.all(picture[:, 32:] == 40) and np.any(picture[:, :32] != 40) and np.any(picture[:, :32] == 40)


def test_the_page_carries_the_timing_for_the_player(finished_workspace: Workspace, tmp_path) -> None:  # type: ignore[no-untyped-def]
    html = build_report(finished_workspace, SHARD, tmp_path / "p.html").read_text()
    holds = [json.loads(text.replace("&#34;", '"')) for text in re.findall(r'data-holds="([^"]+)"', html)]
    names = [json.loads(text.replace("&#34;", '"')) for text in re.findall(r'data-names="([^"]+)"', html)]
    assert len(holds) == len(names) > 0
    assert all(len(h) == len(n) and all(x > 0 for x in h) for h, n in zip(holds, names, strict=True))


def test_chosen_indices_spread_evenly_and_keep_both_ends() -> None:
    assert evenly(3, 5) == [0, 1, 2] and evenly(100, 1) == [0] and evenly(0, 4) == []
    assert evenly(100, 5) == [0, 25, 50, 74, 99]


def test_a_sprite_puts_tiles_row_by_row() -> None:
    tiles = [Image.new("RGB", (4, 2), (v, v, v)) for v in (10, 20, 30)]
    sheet = sprite(tiles, columns=2)
    assert sheet.size == (8, 4)
    assert [sheet.getpixel(at)[0] for at in ((0, 0), (4, 0), (0, 2), (4, 2))] == [10, 20, 30, 0]


def test_equal_pictures_are_called_equal() -> None:
    assert (decibel(99.0), decibel(38.24), decibel(None)) == ("equal", "38.2 dB", "–")
    assert percent(0.99996) == "99.9 %"
