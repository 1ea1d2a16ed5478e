import numpy as np
import pytest

from animeflow.annotation.captions import EMPTY, caption_video
from animeflow.annotation.embeddings import embed_video
from animeflow.annotation.shown import shown_drawings, spread
from animeflow.errors import ContractError
from animeflow.media.decode.counting import counting_decodes
from animeflow.models.optional import Maybe
from animeflow.settings.annotation import CaptionSettings, EmbeddingSettings
from animeflow_tests.fixtures.films import write_film
from animeflow_tests.fixtures.shards import FILMS, decision_row, drawing_row

FILM = FILMS[0]
ABSENT = Maybe("none", reason="no model is chosen in annotation.embeddings.model")
CLIPS = [decision_row(FILM, n, n != 2) for n in range(3)]
DRAWINGS = [drawing_row(FILM, n) for n in range(0, 36, 2)]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "a.mkv", frames=36)


class Mean:
    """The mean colour, at unit length."""

    def __init__(self):
        self.batches = []

    def embed(self, frames):
        self.batches.append(len(frames))
        means = np.array([frame.mean(axis=(0, 1)) for frame in frames], np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def test_a_drawing_held_for_two_frames_is_embedded_once(film):
    model = Mean()
    with counting_decodes() as decoded:
        table = embed_video(
            film,
            clips=CLIPS,
            drawings=DRAWINGS,
            embedder=Maybe("mean", model),
            settings=EmbeddingSettings(batch=5),
        )["embeddings"]
    assert model.batches == [5, 5, 2]
    assert table.num_rows == 12
    assert table["vector"].null_count == 0
    assert set(decoded) == {"embeddings"}


def test_without_a_network_nothing_is_decoded_and_the_reason_stands(film):
    with counting_decodes() as decoded:
        rows = embed_video(
            film, clips=CLIPS, drawings=DRAWINGS, embedder=ABSENT, settings=EmbeddingSettings()
        )["embeddings"].to_pylist()
    assert not decoded
    assert {(row["vector"], row["reason"], row["model"]) for row in rows} == {(None, ABSENT.reason, "none")}


def test_a_network_that_loses_a_picture_is_found(film):
    class Lossy(Mean):
        def embed(self, frames):
            return super().embed(frames)[:-1]

    with pytest.raises(ContractError, match="vectors for"):
        embed_video(
            film,
            clips=CLIPS,
            drawings=DRAWINGS,
            embedder=Maybe("lossy", Lossy()),
            settings=EmbeddingSettings(),
        )


class Counting:
    """Says how many pictures it saw, or nothing."""

    def __init__(self, silent=False):
        self.silent, self.seen = silent, []

    def caption(self, clips, **_prompt):
        self.seen += [len(clip) for clip in clips]
        return ["  " if self.silent else f"{len(clips[0])} pictures "]


def caption(film, captioner, **settings):
    tables = caption_video(
        film, clips=CLIPS, drawings=DRAWINGS, captioner=captioner, settings=CaptionSettings(**settings)
    )
    return tables["captions"].to_pylist()


def test_a_captioner_sees_different_drawings_spread_over_the_clip(film):
    model = Counting()
    rows = caption(film, Maybe("counting", model), frames=4)
    assert [row["caption"] for row in rows] == ["4 pictures", "4 pictures"]
    assert [row["reason"] for row in rows] == [None, None]


def test_no_captioner_and_no_words_are_reasons(film):
    assert {row["reason"] for row in caption(film, ABSENT)} == {ABSENT.reason}
    silent = caption(film, Maybe("counting", Counting(silent=True)))
    assert {(row["caption"], row["reason"]) for row in silent} == {(None, EMPTY)}


def test_a_drawing_cut_by_the_border_of_two_clips_belongs_to_both():
    clips = [decision_row(FILM, 0, True) | {"end": 11}, decision_row(FILM, 1, True) | {"start": 11}]
    parts = [
        (s.clip_id, s.start, s.end)
        for s in shown_drawings(clips, DRAWINGS)
        if s.drawing_id.endswith("0000010")
    ]
    assert [(start, end) for _, start, end in parts] == [(10, 11), (11, 12)]
    assert len({clip for clip, _, _ in parts}) == 2


@pytest.mark.parametrize(
    ("count", "wanted", "places"),
    [(3, 4, [0, 1, 2]), (4, 4, [0, 1, 2, 3]), (8, 2, [2, 6]), (10, 1, [5]), (0, 4, [])],
)
def test_places_are_spread_evenly(count, wanted, places):
    assert spread(count, wanted) == places
