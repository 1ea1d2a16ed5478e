import json
from fractions import Fraction

from animeflow.speech.subtitles import to_json, to_srt, to_vtt

ROWS = [
    {"start_s": 1.5, "end_s": 2.0004, "text": "Hello & <goodbye> --> there"},
    {"start_s": 3.0, "end_s": 4.0, "text": None},
    {"start_s": 3661.9996, "end_s": 3663.0, "text": "あ" * 30 + "\n\nsecond   line"},
]


def test_srt_numbers_its_cues_and_counts_from_the_first_frame():
    text = to_srt(ROWS, zero_s=Fraction(1), line_chars=20)
    assert text.startswith(
        "1\n00:00:00,500 --> 00:00:01,000\nHello & <goodbye>\n→ there\n\n2\n01:01:01,000 -->"
    )
    assert "あ" * 20 + "\n" + "あ" * 10 in text
    assert "\n\n\n" not in text


def test_vtt_escapes_its_own_markup():
    text = to_vtt(ROWS, zero_s=Fraction(0), line_chars=80)
    assert text.startswith("WEBVTT\n\n00:00:01.500 --> 00:00:02.000\nHello &amp; &lt;goodbye&gt; → there\n")


def test_json_keeps_the_segments_without_text():
    rows = [
        {**row, "start_sample": 1, "end_sample": 2, "clip_ids": [], "language": None, "confidence": None}
        for row in ROWS
    ]
    value = json.loads(to_json(rows, video_id="0" * 16, sample_rate=16000))
    assert len(value["segments"]) == 3
    assert value["segments"][1]["text"] is None
