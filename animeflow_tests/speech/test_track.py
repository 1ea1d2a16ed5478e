import json
from fractions import Fraction

import pytest

from animeflow.speech.track import choose_track


def row(*tracks: tuple[str, tuple[str, ...]], first_pts: int = 0) -> dict:
    listed = [
        {"index": 1 + n, "codec": codec, "sample_rate": 48000, "channels": 2, "dispositions": list(flags)}
        for n, (codec, flags) in enumerate(tracks)
    ]
    return {
        "audio_json": json.dumps(listed),
        "first_pts": first_pts,
        "time_base_num": 1,
        "time_base_den": 1000,
    }


@pytest.mark.parametrize(
    ("tracks", "which", "number"),
    [
        ([("aac", ()), ("flac", ("default",))], "default", 1),
        ([("aac", ()), ("flac", ("default",))], "first", 0),
        ([("aac", ()), ("flac", ())], "default", 0),
        ([("flac", ("default", "comment")), ("aac", ())], "default", 1),
        ([("unknown", ("default",)), ("aac", ())], "default", 1),
        ([("aac", ("comment",))], "default", 0),
    ],
)
def test_the_default_track_is_listened_to_and_commentary_only_in_need(tracks, which, number):
    chosen = choose_track(row(*tracks), which)
    assert (chosen.number, chosen.stream) == (number, number + 1)


def test_a_video_without_readable_sound_has_no_track():
    assert choose_track(row(), "default") is None
    assert choose_track(row(("unknown", ())), "default") is None
    assert choose_track({**row(), "audio_json": None}, "default") is None


def test_the_clock_begins_where_the_video_does():
    assert choose_track(row(("aac", ()), first_pts=1400), "default").zero_s == Fraction(14, 10)
