"""Who speaks when, and what: voice activity on the whole sound, recognition on the intervals it finds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.media.audio import AudioBlock, isolated_audio, read_audio
from animeflow.models.optional import Maybe
from animeflow.models.transcribe import SAMPLE_RATE_HZ, Interval, Transcriber, VoiceActivity
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.speech import TranscriptionSettings
from animeflow.speech.subtitles import to_json, to_srt, to_vtt
from animeflow.speech.track import Track
from animeflow.speech.windows import find_speech, grouped, sound_of
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging

WINDOW_S, MARGIN_S = 300, 5
NOTHING_SAID = "the recogniser found no words in it"
Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """What is listened to: the track of the video, or the vocals that were separated from it."""

    path: Path
    track: Track
    vocals: bool = False
    isolation: IsolationSettings | None = None

    def blocks(self) -> Iterator[AudioBlock]:
        """16 kHz mono; sample 0 where the video starts."""
        if self.vocals:
            return read_audio(self.path, rate=SAMPLE_RATE_HZ, clock_zero_s=0.0)
        return isolated_audio(
            self.path,
            rate=SAMPLE_RATE_HZ,
            track=self.track.number,
            clock_zero_s=float(self.track.zero_s),
            isolation=self.isolation,
        )


def transcribe_video(
    source: Source | None,
    *,
    video_id: str,
    clips: Sequence[Mapping[str, Any]],
    voice: VoiceActivity,
    voice_kind: str,
    recogniser: Maybe[Transcriber],
    staging: Staging,
    settings: TranscriptionSettings,
) -> dict[str, pa.Table]:
    """The tables `transcripts` and `transcript_files` of a video; both are empty for one without sound.

    `clips` are the video's rows of `clips`. Without a recogniser the segments are the intervals of speech and their
    text is null with its reason. Raises DecodeError when nothing of the sound decodes.
    """
    if source is None:
        return {name: TABLES[name].empty() for name in ("transcripts", "transcript_files")}
    second = SAMPLE_RATE_HZ
    speech = find_speech(source.blocks(), voice, length=WINDOW_S * second, margin=MARGIN_S * second)
    if recogniser.model is None:
        heard = [_Heard(interval) for interval in speech]
    else:
        heard = _recognise(source, speech, recogniser.model, longest=round(settings.window_s * second))
    spans = [_span(clip) for clip in clips]
    common = {
        "video_id": video_id,
        "stream": source.track.stream,
        "heard": "vocals" if source.vocals else "mix",
        "sample_rate": second,
        "voice_model": voice_kind,
        "model": recogniser.kind,
    }
    rows = [
        common | _row(number, one, source.track.zero_s, spans, recogniser.reason)
        for number, one in enumerate(heard)
    ]
    files = _write_files(rows, video_id, source.track.zero_s, staging, settings)
    return {
        "transcripts": TABLES["transcripts"].table(rows),
        "transcript_files": TABLES["transcript_files"].table(files),
    }


@dataclass(frozen=True)
class _Heard:
    interval: Interval
    text: str | None = None
    language: str | None = None
    confidence: float | None = None


def _recognise(
    source: Source, speech: Sequence[Interval], model: Transcriber, *, longest: int
) -> list[_Heard]:
    """Segments of the recogniser; an interval of speech in which it finds nothing stays, without text."""
    found: list[_Heard] = []
    for group, sound in sound_of(source.blocks(), grouped(speech, longest=longest)):
        transcript = model.transcribe(sound)
        for segment in transcript.segments:
            at = Interval(segment.interval.start + group.start, segment.interval.end + group.start)
            confidence = math.exp(min(0.0, segment.mean_log_probability))
            found.append(_Heard(at, segment.text, transcript.language, confidence))
    silent = [one for one in speech if not any(_overlap(one, heard.interval) for heard in found)]
    found += [_Heard(interval) for interval in silent]
    return sorted(found, key=lambda one: (one.interval.start, one.interval.end))


def _overlap(a: Interval, b: Interval) -> bool:
    return a.start < b.end and b.start < a.end


def _row(
    number: int,
    heard: _Heard,
    zero_s: Fraction,
    spans: Sequence[tuple[str, Fraction, Fraction]],
    reason: str | None,
) -> Row:
    start = zero_s + Fraction(heard.interval.start, SAMPLE_RATE_HZ)
    end = zero_s + Fraction(heard.interval.end, SAMPLE_RATE_HZ)
    return {
        "segment": number,
        "start_sample": heard.interval.start,
        "end_sample": heard.interval.end,
        "start_s": float(start),
        "end_s": float(end),
        "clip_ids": [clip for clip, begins, ends in spans if begins < end and start < ends],
        "text": heard.text,
        "language": heard.language,
        "confidence": heard.confidence,
        "reason": None if heard.text is not None else reason or NOTHING_SAID,
    }


def _span(clip: Mapping[str, Any]) -> tuple[str, Fraction, Fraction]:
    base = Fraction(clip["time_base_num"], clip["time_base_den"])
    return clip["clip_id"], clip["start_pts"] * base, clip["end_pts"] * base


def _write_files(
    rows: Sequence[Row], video_id: str, zero_s: Fraction, staging: Staging, settings: TranscriptionSettings
) -> list[Row]:
    texts = {"json": to_json(rows, video_id=video_id, sample_rate=SAMPLE_RATE_HZ)}
    if any(row["text"] for row in rows):
        texts["srt"] = to_srt(rows, zero_s=zero_s, line_chars=settings.max_line_chars)
        texts["vtt"] = to_vtt(rows, zero_s=zero_s, line_chars=settings.max_line_chars)
    files = []
    for kind, text in texts.items():
        path = staging.path(f"{video_id}.{kind}")
        path.write_text(text, encoding="utf-8", newline="\n")
        ref = staging.add(path)
        files.append(
            {
                "video_id": video_id,
                "format": kind,
                "media_path": ref.path,
                "size_bytes": ref.size,
                "sha256": ref.sha256,
            }
        )
    return files
