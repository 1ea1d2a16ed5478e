import pytest

from animeflow.catalog.character_identities import NO_EMBEDDINGS, NOT_FINISHED, identify_characters
from animeflow.settings.catalog import IdentitySettings
from animeflow.tables import ids
from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import FILMS, ShardWriter, write_footage, write_results


def embedded(writer: ShardWriter, vectors: dict[str, list[float] | None]) -> None:
    rows = [
        {
            "clip_id": clip,
            "drawing_id": ids.drawing_id(clip[:16], 2 * n),
            "video_id": clip[:16],
            "model": "none" if vector is None else "clip",
            "vector": vector,
            "reason": "no model is chosen" if vector is None else None,
        }
        for n, (clip, vector) in enumerate(vectors.items())
    ]
    writer.finish("embeddings", {"embeddings": rows})


@pytest.fixture
def writer(tmp_path) -> ShardWriter:
    made = ShardWriter(Workspace(tmp_path))
    write_footage(made)
    write_results(made)
    return made


def identities(writer) -> dict[str, dict]:
    rows = identify_characters(writer.workspace, IdentitySettings()).to_pylist()
    return {row["clip_id"]: row for row in rows}


def test_without_embeddings_the_identity_is_null_with_the_reason(writer):
    assert {row["reason"] for row in identities(writer).values()} == {NOT_FINISHED}
    embedded(writer, {FILMS[0].clip(0): None})
    rows = identities(writer)
    assert rows[FILMS[0].clip(0)]["reason"] == "no model is chosen"
    assert rows[FILMS[1].clip(0)]["reason"] == NO_EMBEDDINGS
    assert {row["identity"] for row in rows.values()} == {None}


def test_clips_that_look_alike_share_an_identity_across_videos(writer):
    a, b = FILMS
    embedded(writer, {a.clip(0): [1, 0], a.clip(1): [0, 1], b.clip(0): [0.99, 0.14], b.clip(1): [0.1, 0.99]})
    rows = identities(writer)
    assert rows[a.clip(0)]["identity"] == rows[b.clip(0)]["identity"] != rows[a.clip(1)]["identity"]
    assert rows[a.clip(1)]["identity"] == rows[b.clip(1)]["identity"]
    assert all(row["similarity"] > 0.98 and row["reason"] is None for row in rows.values())


def test_a_later_shard_renames_nobody(writer):
    embedded(writer, {film.clip(n): [1, 0] for film in FILMS for n in (0, 1)})
    before = identities(writer)
    later = ShardWriter(writer.workspace, "zz-00000009")
    write_footage(later)
    write_results(later)
    embedded(later, {film.clip(n): [0, 1] for film in FILMS for n in (0, 1)})
    table = identify_characters(writer.workspace, IdentitySettings()).to_pylist()
    first = {row["clip_id"]: row for row in table if row["shard"] == writer.shard}
    assert first == before
