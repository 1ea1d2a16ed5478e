import json
from fractions import Fraction

import numpy as np
import pytest

from animeflow.errors import WeightsMissing
from animeflow.models.optional import Maybe, load_if_present
from animeflow.models.transcribe import Interval, Segment, Transcript
from animeflow.models.transcribe.silero_vad import SileroVad
from animeflow.settings.models import FasterWhisper
from animeflow.settings.speech import TranscriptionSettings
from animeflow.speech.track import Track
from animeflow.speech.transcripts import NOTHING_SAID, Source, transcribe_video
from animeflow.tables.ids import clip_id
from animeflow.tables.staging import Staging
from animeflow_tests.fixtures.films import sequence, tone, write_film

VIDEO = "0123456789abcdef"
SECOND = 16_000


class Loud:
    """Speech where it is loud, on 10 ms steps."""

    def speech(self, sound):
        steps = len(sound) // 160
        loud = (
            np.abs(sound[: steps * 160]).reshape(steps, 160).max(axis=1) > 0.1 if steps else np.zeros(0, bool)
        )
        edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
        return [Interval(int(a) * 160, int(b) * 160) for a, b in edges.reshape(-1, 2)]


class OneWord:
    """Says one word for each sound; nothing for a second one if `mute_after` is reached."""

    def __init__(self):
        self.heard = []

    def transcribe(self, sound):
        self.heard.append(len(sound))
        return Transcript("ja", 0.9, (Segment(Interval(0, SECOND // 2), "はい", -0.5, 0.1),))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Silence 0-1 s, sound 1-2 s, silence, sound 3-3.5 s."""
    quiet = np.zeros(SECOND, np.float32)
    sound = sequence([quiet, tone(1.0), quiet, tone(0.5)])
    return write_film(tmp_path_factory.mktemp("film") / "a.mkv", frames=96, sound=sound)


CLIPS = [
    {
        "clip_id": clip_id(VIDEO, a, b),
        "start_pts": a * 1000,
        "end_pts": b * 1000,
        "time_base_num": 1,
        "time_base_den": 24_000,
    }
    for a, b in ((0, 36), (36, 60), (60, 96))
]


@pytest.fixture
def run(film, tmp_path):
    def go(recogniser, zero=Fraction(0), **settings):
        staging = Staging.begin("transcripts", "shard", tmp_path / "staging")
        tables = transcribe_video(
            Source(film, Track(0, 1, SECOND, 1, zero)),
            video_id=VIDEO,
            clips=CLIPS,
            voice=Loud(),
            voice_kind="loud",
            recogniser=recogniser,
            staging=staging,
            settings=TranscriptionSettings(**settings),
        )
        return tables["transcripts"].to_pylist(), tables["transcript_files"].to_pylist(), staging

    return go


ABSENT = Maybe("none", reason="no model is chosen in models.transcribe")


def test_without_a_recogniser_the_intervals_stand_with_null_text_and_the_reason(run):
    rows, files, staging = run(ABSENT)
    edges = [row[name] for row in rows for name in ("start_sample", "end_sample")]
    assert edges == pytest.approx([SECOND, 2 * SECOND, 3 * SECOND, 3.5 * SECOND], abs=200)
    assert {row["text"] for row in rows} == {None}
    assert {row["reason"] for row in rows} == {ABSENT.reason}
    assert [file["format"] for file in files] == ["json"]
    value = json.loads((staging.folder / files[0]["media_path"]).read_text())
    assert len(value["segments"]) == 2


def test_segments_know_the_clips_during_which_they_are_heard(run):
    rows, _, _ = run(ABSENT)
    assert rows[0]["clip_ids"] == [
        CLIPS[0]["clip_id"],
        CLIPS[1]["clip_id"],
    ]  # 1-2 s; clips 0-1.5 and 1.5-2.5 s
    assert rows[1]["clip_ids"] == [CLIPS[2]["clip_id"]]


def test_times_are_on_the_clock_of_the_video(run):
    rows, _, _ = run(ABSENT, zero=Fraction(1, 2))
    assert rows[0]["start_s"] == pytest.approx(1.0, abs=0.02)
    assert rows[0]["start_sample"] == pytest.approx(SECOND // 2, abs=200)


def test_with_a_recogniser_there_are_text_and_subtitle_files(run):
    model = OneWord()
    rows, files, staging = run(Maybe("one_word", model), window_s=5)
    assert [row["text"] for row in rows] == [
        "はい",
        None,
    ]  # the word is heard in the first interval of the group
    assert rows[1]["reason"] == NOTHING_SAID
    assert rows[0]["language"] == "ja"
    assert rows[0]["confidence"] == pytest.approx(np.exp(-0.5))
    assert [file["format"] for file in files] == ["json", "srt", "vtt"]
    assert "はい" in (staging.folder / files[1]["media_path"]).read_text()
    assert model.heard == pytest.approx([2.5 * SECOND], abs=400)


def test_a_video_without_sound_gives_empty_tables(tmp_path):
    tables = transcribe_video(
        None,
        video_id=VIDEO,
        clips=[],
        voice=Loud(),
        voice_kind="loud",
        recogniser=ABSENT,
        staging=Staging.begin("transcripts", "shard", tmp_path / "s"),
        settings=TranscriptionSettings(),
    )
    assert [table.num_rows for table in tables.values()] == [0, 0]


def test_the_real_detector_runs_through_a_real_film_and_hears_no_voice_in_tones(film, tmp_path):
    voice = SileroVad.tiny(0)
    tables = transcribe_video(
        Source(film, Track(0, 1, SECOND, 1, Fraction(0))),
        video_id=VIDEO,
        clips=CLIPS,
        voice=voice,
        voice_kind=voice.kind,
        recogniser=ABSENT,
        staging=Staging.begin("transcripts", "shard", tmp_path / "s"),
        settings=TranscriptionSettings(),
    )
    assert all(row["end_sample"] <= 3.5 * SECOND for row in tables["transcripts"].to_pylist())


def test_missing_weights_are_a_reason_not_a_failure():
    def load():
        raise WeightsMissing("whisper_base is not here", hint="animeflow weights fetch whisper_base")

    maybe = load_if_present(FasterWhisper(), load, setting="models.transcribe")
    assert (maybe.kind, maybe.model) == ("faster_whisper", None)
    assert "animeflow weights fetch whisper_base" in maybe.reason
    assert (
        load_if_present(None, load, setting="models.transcribe").reason
        == "no model is chosen in models.transcribe"
    )
