import io
import json
from fractions import Fraction

import numpy as np
import pytest

from animeflow.delivery.clips import FrameTimes
from animeflow.delivery.episode_export import Episode, export_episode
from animeflow.delivery.export_files import ExportFiles
from animeflow.delivery.layer_files import PublishedDrawing, effect_rgba
from animeflow.delivery.mattes import bounding_box, mask_quality
from animeflow.media.images import read_image
from animeflow.tables.staging import Staging
from animeflow_tests.fixtures.shards import FILMS, SIZE, picture, pts, tree

FILM = FILMS[0]
RECORD = {
    "episode": str,
    "frame_id": str,
    "timestamp": str,
    "layers": {
        "character": {"path": str, "bbox": list, "mask_quality": float, "has_transparent": bool},
        "effects": {"path": str, "detected_types": list, "intensity": float},
        "background": {"path": str, "inpainted": bool, "quality": float},
    },
    "annotations": dict.fromkeys(
        (
            "scene_type", "scene_confidence", "mood", "visual_style", "character_caption", "action", "pose",
            "expression", "clip_embedding", "dinov2_embedding",
        ),
        object,
    ),
    "temporal": {
        "scene_id": str, "is_scene_start": bool, "prev_frame": str, "next_frame": str, "motion_magnitude": float,
    },
}  # fmt: skip


def drawing(shot: int, start: int, end: int, *, effect: bool = False) -> PublishedDrawing:
    return PublishedDrawing(
        clip_id=FILM.clip(shot),
        drawing_id=f"{FILM.id}-d{start:07d}",
        shot=shot,
        start=start,
        end=end,
        blend="add" if effect else None,
        effect_kind="light" if effect else None,
        effect_intensity=0.25 if effect else None,
        inpainted=shot == 1,
        background_quality=0.9,
    )


class Drawn:
    def character(self, _drawing):
        rgba = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
        rgba[5:25, 10:30] = (200, 30, 40, 255)
        return rgba

    def effect(self, one):
        return np.full((SIZE[1], SIZE[0], 3), 60, np.uint8) if one.blend else None

    def background(self, one):
        return picture(one.start)


DRAWINGS = (drawing(0, 0, 2), drawing(0, 2, 12, effect=True), drawing(1, 12, 24))


@pytest.fixture
def export(tmp_path):
    def run(name: str = "staging", vectors=None, number: int = 1):
        episode = Episode(
            number=number,
            video_id=FILM.id,
            path=FILM.path,
            times=FrameTimes(FILM.id, tuple(pts(n) for n in range(36)), Fraction(1, 24_000)),
            clips=[],
            drawings=DRAWINGS,
            motion={FILM.clip(0): 3.5},
            captions={FILM.clip(1): "a girl"},
            vectors=vectors or {},
        )
        files = ExportFiles("episode", Staging.begin("dataset_export", "shard", tmp_path / name))
        records = export_episode(episode, Drawn(), files, jpeg_quality=95)
        return records, files.staging.folder / f"media/episode/data/shard/{episode.name}", files

    return run


def check(value, shape):
    if isinstance(shape, dict):
        assert list(value) == list(shape)
        for name, part in shape.items():
            check(value[name], part)
    else:
        assert value is None or isinstance(value, shape)


def test_the_frame_record_has_exactly_the_keys_of_the_older_pipeline(export):
    _, root, _ = export()
    records = json.loads((root / "metadata/frame_annotations.json").read_text())
    assert records, "an export without a record would pass every check of its keys"
    for record in records:
        check(record, RECORD)


def test_the_tree_has_the_names_of_the_older_pipeline(export):
    _, root, _ = export()
    assert sorted(tree(root)) == [
        "layers/background/scene0000_frame000000_bg.jpg",
        "layers/background/scene0000_frame000002_bg.jpg",
        "layers/background/scene0001_frame000012_bg.jpg",
        "layers/character/scene0000_frame000000_char.png",
        "layers/character/scene0000_frame000002_char.png",
        "layers/character/scene0001_frame000012_char.png",
        "layers/effects/scene0000_frame000002_effect.png",
        "metadata/character_embeddings.npy",
        "metadata/frame_annotations.json",
        "metadata/temporal_mapping.json",
        "statistics/quality_report.json",
        "statistics/scene_distribution.json",
    ]


def test_pictures_are_of_the_kinds_that_were_promised(export):
    records, root, _ = export()
    layers = records[1]["layers"]
    assert read_image(root / layers["character"]["path"]).shape == (SIZE[1], SIZE[0], 4)
    assert read_image(root / layers["effects"]["path"]).shape == (SIZE[1], SIZE[0], 4)
    background = read_image(root / layers["background"]["path"])
    assert np.abs(background.astype(int) - picture(2)).mean() < 6
    assert layers["character"]["bbox"] == [10, 5, 20, 20]
    assert layers["character"]["has_transparent"] is True
    assert layers["character"]["mask_quality"] == 1.0


def test_a_drawing_without_effect_has_no_file_and_says_so(export):
    records, _, _ = export()
    assert records[0]["layers"]["effects"] == {"path": None, "detected_types": [], "intensity": None}
    assert records[1]["layers"]["effects"]["detected_types"] == ["light"]


def test_neighbours_are_linked_inside_their_scene_only(export):
    records, _, _ = export()
    links = [(r["temporal"]["prev_frame"], r["temporal"]["next_frame"]) for r in records]
    assert links == [(None, "scene0000_frame000002"), ("scene0000_frame000000", None), (None, None)]
    assert [r["temporal"]["is_scene_start"] for r in records] == [True, False, True]
    assert [r["temporal"]["motion_magnitude"] for r in records] == [3.5, 3.5, None]


def test_time_stamps_count_from_the_first_frame(export):
    records, _, _ = export()
    assert [r["timestamp"] for r in records] == ["0.00s", "0.08s", "0.50s"]


def test_held_frames_are_mapped_to_their_record(export):
    _, root, _ = export()
    mapping = json.loads((root / "metadata/temporal_mapping.json").read_text())
    frames = [(f["start_frame"], f["end_frame"]) for f in mapping["scenes"]["scene0000"]]
    assert frames == [(0, 2), (2, 12)]
    assert mapping["source_path"] == FILM.path


def test_embeddings_lie_in_npy_by_row_and_records_hold_the_row(export):
    vectors = {DRAWINGS[1].drawing_id: [1.0, 0.0], DRAWINGS[2].drawing_id: [0.0, 1.0]}
    records, root, _ = export(vectors=vectors)
    matrix = np.load(root / "metadata/character_embeddings.npy", allow_pickle=False)
    assert [r["annotations"]["clip_embedding"] for r in records] == [None, 0, 1]
    assert matrix.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    empty = np.load(io.BytesIO(tree(export("other")[1])["metadata/character_embeddings.npy"]))
    assert (empty.shape, empty.dtype) == ((0, 0), np.float32)


def test_statistics_recount_the_records(export):
    _, root, _ = export()
    report = json.loads((root / "statistics/quality_report.json").read_text())
    assert report["total_frames"] == 3
    assert report["effects"] == {"present": 1, "types": {"light": 1}, "mean_intensity": 0.25}
    assert report["character"] == {"present": 3, "mean_mask_quality": 1.0}
    assert report["background"] == {"inpainted": 1, "mean_quality": 0.9}
    scenes = json.loads((root / "statistics/scene_distribution.json").read_text())
    assert scenes["total_frames"] == 24
    assert scenes["scenes"]["scene0000"]["records"] == 2
    for scene in scenes["scenes"].values():
        assert scene["seconds"] == pytest.approx(12 * 1001 / 24_000, abs=6e-4), "the last frame is shown too"
    assert sum(scene["share"] for scene in scenes["scenes"].values()) == pytest.approx(1, abs=1e-3)


def test_the_last_frame_of_a_video_is_shown_as_long_as_the_others():
    times = FrameTimes(FILM.id, tuple(pts(n) for n in range(36)), Fraction(1, 24_000))
    assert times.shown(12, 36) == times.shown(0, 24) == Fraction(24 * 1001, 24_000)


def test_every_file_has_a_row_and_a_second_run_gives_the_same_bytes(export):
    _, root, files = export("one")
    _, again, _ = export("two")
    assert tree(root) == tree(again)
    assert {row["path"] for row in files.rows} == {f"data/shard/episode_001/{name}" for name in tree(root)}


def test_added_light_survives_as_colour_times_alpha():
    light = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    rgba = effect_rgba(light, "add").astype(np.float64)
    back = rgba[..., :3] * rgba[..., 3:] / 255
    assert np.abs(back - light).max() <= 0.5
    over = np.zeros((4, 4, 4), np.uint8)
    assert effect_rgba(over, "over") is over


def test_mask_quality_falls_with_undecided_edges_and_is_null_without_one():
    crisp = np.zeros((60, 60), np.uint8)
    crisp[20:40, 20:40] = 255
    soft = crisp.copy()
    soft[18:20, 20:40] = 120
    assert mask_quality(crisp) == 1.0
    assert mask_quality(soft) < 1.0
    assert mask_quality(np.zeros((60, 60), np.uint8)) is None
    assert bounding_box(np.zeros((60, 60), np.uint8)) is None
