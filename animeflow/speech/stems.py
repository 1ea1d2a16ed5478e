"""Vocals and accompaniment of a video's sound, where a separator is there; the mix is never passed off as vocals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.errors import ContractError
from animeflow.media.audio import AudioBlock, isolated_audio
from animeflow.models.optional import Maybe
from animeflow.models.separate import Separator
from animeflow.settings.isolation import IsolationSettings
from animeflow.speech.track import Track
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging

F32 = npt.NDArray[np.float32]
STEM_RATE_HZ, CHANNELS = 44_100, 2
WINDOW_S, FADE_S = 30, 1


def separate_video(
    path: Path,
    track: Track | None,
    *,
    video_id: str,
    separator: Maybe[Separator],
    staging: Staging,
    isolation: IsolationSettings | None = None,
) -> dict[str, pa.Table]:
    """The table `audio_stems` of a video: no row without sound, null stems with the reason without a separator.

    Stems are 16-bit FLAC in Matroska at 44.1 kHz stereo; their first sample is where the video starts.
    """
    spec = TABLES["audio_stems"]
    if track is None:
        return {spec.name: spec.empty()}
    row: dict[str, Any] = {
        "video_id": video_id,
        "stream": track.stream,
        "sample_rate": track.sample_rate,
        "channels": track.channels,
        "model": separator.kind,
        "reason": separator.reason,
    }
    if separator.model is not None:
        blocks = isolated_audio(
            path,
            rate=STEM_RATE_HZ,
            channels=CHANNELS,
            track=track.number,
            clock_zero_s=float(track.zero_s),
            isolation=isolation,
        )
        row |= _write_stems(separate(blocks, separator.model), video_id, staging)
    return {spec.name: spec.table([row])}


def separate(
    blocks: Iterable[AudioBlock],
    separator: Separator,
    *,
    length: int = WINDOW_S * STEM_RATE_HZ,
    fade: int = FADE_S * STEM_RATE_HZ,
) -> Iterator[tuple[F32, F32]]:
    """(vocals, accompaniment) float32 [2, n] in order, together as long as the sound.

    Windows of `length` samples overlap by `fade`, where the two results are mixed linearly: a separator that decides
    otherwise at a border is not heard to jump. Accompaniment is the sum of all stems but the vocals.
    """
    tail: tuple[F32, F32] | None = None
    for sound, last in _windows(blocks, length, fade):
        stems = _two(separator.separate(sound), sound)
        if tail is not None:
            stems = _faded(tail[0], stems[0]), _faded(tail[1], stems[1])
        cut = sound.shape[1] if last else sound.shape[1] - fade
        yield stems[0][:, :cut], stems[1][:, :cut]
        tail = stems[0][:, cut:], stems[1][:, cut:]


def _windows(blocks: Iterable[AudioBlock], length: int, fade: int) -> Iterator[tuple[F32, bool]]:
    """Windows that begin `fade` samples before the last one ended; the flag marks the last."""
    pieces: list[F32] = []
    have = 0
    for block in blocks:
        pieces.append(block.samples)
        have += block.samples.shape[1]
        while have > length:
            sound = np.concatenate(pieces, axis=1)
            yield sound[:, :length], False
            pieces, have = [sound[:, length - fade :]], have - length + fade
    if have:
        yield np.concatenate(pieces, axis=1), True


def _two(stems: Mapping[str, F32], sound: F32) -> tuple[F32, F32]:
    if "vocals" not in stems or any(stem.shape != sound.shape for stem in stems.values()):
        shapes = {name: stem.shape for name, stem in stems.items()}
        raise ContractError(
            f"a separator gave {shapes} for sound of {sound.shape}; vocals of that shape are needed"
        )
    rest = [stem for name, stem in sorted(stems.items()) if name != "vocals"]
    return stems["vocals"], np.sum(rest, axis=0, dtype=np.float32) if rest else sound - stems["vocals"]


def _faded(before: F32, after: F32) -> F32:
    """`after` with its first samples faded in from `before`, which covers the same time."""
    mixed = after.copy()
    n = min(before.shape[1], after.shape[1])
    weight = (np.arange(n, dtype=np.float32) + 1) / (n + 1)
    mixed[:, :n] = before[:, :n] * (1 - weight) + after[:, :n] * weight
    return mixed


def _write_stems(stems: Iterable[tuple[F32, F32]], video_id: str, staging: Staging) -> dict[str, Any]:
    paths = {name: staging.path(f"{video_id}_{name}.mka") for name in ("vocals", "accompaniment")}
    with ExitStack() as stack:
        files = [stack.enter_context(_Flac(path)) for path in paths.values()]
        for pair in stems:
            for file, samples in zip(files, pair, strict=True):
                file.write(samples)
    row: dict[str, Any] = {}
    for name, path in paths.items():
        ref = staging.add(path)
        row |= {f"{name}_path": ref.path, f"{name}_bytes": ref.size, f"{name}_sha256": ref.sha256}
    return row


class _Flac:
    """FLAC in Matroska (`media.audio` opens no bare FLAC), written piece by piece.

    float32 in -1..1 is rounded to 16 bits; what is louder is clipped.
    """

    def __init__(self, path: Path) -> None:
        import av

        self._container = av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"})
        self._stream = self._container.add_stream("flac", rate=STEM_RATE_HZ, layout="stereo", format="s16")
        self._at = 0

    def __enter__(self) -> _Flac:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def write(self, samples: F32) -> None:
        """float32 [2, n]."""
        import av

        pcm = np.clip(np.rint(samples.T * 32767), -32768, 32767).astype(np.int16)
        for start in range(0, len(pcm), 4096):
            piece = np.ascontiguousarray(pcm[start : start + 4096].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = STEM_RATE_HZ, self._at, Fraction(1, STEM_RATE_HZ)
            self._at += piece.shape[1] // CHANNELS
            self._container.mux(self._stream.encode(frame))
