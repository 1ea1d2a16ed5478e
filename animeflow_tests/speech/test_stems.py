from fractions import Fraction

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.media.audio import AudioBlock, read_all_audio
from animeflow.models.optional import Maybe
from animeflow.speech.stems import separate, separate_video
from animeflow.speech.track import Track
from animeflow.tables.staging import Staging
from animeflow_tests.fixtures.films import tone, write_film

VIDEO = "0123456789abcdef"


class Halves:
    """Vocals are a quarter of the mix, the rest is shared by two stems."""

    def separate(self, sound):
        return {"drums": sound * 0.5, "other": sound * 0.25, "vocals": sound * 0.25}


def blocks(sound, size=1000):
    for start in range(0, sound.shape[1], size):
        yield AudioBlock(start, sound[:, start : start + size])


@pytest.fixture
def staging(tmp_path) -> Staging:
    return Staging.begin("audio_stems", "shard", tmp_path / "staging")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "a.mkv", sound=tone(1.0))


TRACK = Track(0, 1, 16_000, 1, Fraction(0))


@pytest.mark.parametrize("samples", [1, 999, 5000, 12_345])
def test_windows_join_without_a_gap_or_a_jump(samples):
    sound = np.random.default_rng(0).normal(size=(2, samples)).astype(np.float32)
    pairs = list(separate(blocks(sound), Halves(), length=3000, fade=500))
    vocals, rest = (np.concatenate([pair[i] for pair in pairs], axis=1) for i in (0, 1))
    np.testing.assert_allclose(vocals, sound * 0.25, atol=1e-6)
    np.testing.assert_allclose(rest, sound * 0.75, atol=1e-6)


def test_without_a_separator_the_stems_are_null_and_say_why(film, staging):
    table = separate_video(
        film, TRACK, video_id=VIDEO, separator=Maybe("none", reason="no model is chosen"), staging=staging
    )["audio_stems"]
    (row,) = table.to_pylist()
    assert (row["vocals_path"], row["accompaniment_path"], row["reason"]) == (
        None,
        None,
        "no model is chosen",
    )
    assert staging.files == {}


def test_stems_are_files_on_the_clock_of_the_video(film, staging):
    table = separate_video(film, TRACK, video_id=VIDEO, separator=Maybe("halves", Halves()), staging=staging)[
        "audio_stems"
    ]
    (row,) = table.to_pylist()
    vocals = read_all_audio(staging.folder / row["vocals_path"], rate=16_000)[0]
    mix = read_all_audio(film, rate=16_000)[0]
    assert row["reason"] is None
    assert abs(len(vocals) - len(mix)) <= 2
    n = min(len(vocals), len(mix)) - 200
    np.testing.assert_allclose(vocals[200:n], mix[200:n] * 0.25, atol=2e-3)


def test_stems_are_the_same_bytes_twice(film, tmp_path):
    digests = []
    for name in ("a", "b"):
        staging = Staging.begin("audio_stems", "shard", tmp_path / name)
        separate_video(film, TRACK, video_id=VIDEO, separator=Maybe("halves", Halves()), staging=staging)
        digests.append([ref.sha256 for ref in staging.files.values()])
    assert digests[0] == digests[1]


def test_a_video_without_sound_has_no_row(film, staging):
    tables = separate_video(film, None, video_id=VIDEO, separator=Maybe("none", reason="x"), staging=staging)
    assert tables["audio_stems"].num_rows == 0


def test_a_separator_that_returns_the_mix_as_something_else_is_refused():
    class Wrong:
        def separate(self, sound):
            return {"voice": sound}

    with pytest.raises(ContractError, match="vocals of that shape are needed"):
        list(separate(blocks(np.ones((2, 10), np.float32)), Wrong()))
