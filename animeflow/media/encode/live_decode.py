"""Decode an encode while ffmpeg still writes it, and prove afterwards that the file holds what was decoded.

A thread reads the growing Matroska file, decodes its pictures and keeps one digest of the packets that gave them. The
finished file is then read again, without decoding: where its digest is the same, its packets are the decoded ones.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from animeflow.errors import AnimeflowError, EncodeError
from animeflow.media.command import check_stop
from animeflow.media.decode.pictures import plain_pictures
from animeflow.media.demux.container import main_video_stream, open_container

_POLL_S = 0.02


@dataclass(frozen=True)
class LiveCount:
    """Pictures that were decoded, how many of them were damaged, and the digest of the packets they came from."""

    frames: int
    damaged: int
    digest: str


class LiveDecode(threading.Thread):
    """Decodes the main video of the file that an encoder is about to write.

    `written()` says that the file is complete, `result()` waits for the rest of it, `stop()` gives up.
    """

    def __init__(self, path: Path, *, purpose: str) -> None:
        super().__init__(name="live-decode", daemon=True)
        self._path, self._purpose = path, purpose
        self._complete, self._stopped = threading.Event(), threading.Event()
        self._count: LiveCount | None = None

    def run(self) -> None:
        import av

        try:
            file = self._open()
            if file is not None:
                with file:
                    self._count = self._decode(file)
        except (av.error.FFmpegError, IndexError, AnimeflowError, OSError):
            pass  # no count: the finished file is decoded, and tells what is wrong

    def written(self) -> None:
        """The encoder has ended: what the file holds now is all of it."""
        self._complete.set()

    def result(self) -> LiveCount | None:
        """What came out, once all of it did; None where the growing file could not be read or decoded."""
        while self.is_alive():
            check_stop(waiting=True)
            self.join(0.1)
        return self._count

    def stop(self) -> None:
        """End, whatever is still to come."""
        self._stopped.set()
        self._complete.set()
        self.join()

    def _open(self) -> BinaryIO | None:
        """The file, as soon as the encoder has created it; None when it never did."""
        while not self._path.exists():
            if self._complete.wait(_POLL_S) and not self._path.exists():
                return None
        return self._path.open("rb", buffering=0)

    def _decode(self, file: BinaryIO) -> LiveCount:
        import av

        source = _Growing(file, self._complete, self._stopped)
        # Tags need not be UTF-8: those of an AVI may be in the code page of who wrote it.
        with av.open(source, format="matroska", metadata_errors="replace") as container:
            stream = main_video_stream(container, self._path, error=EncodeError)
            stream.codec_context.thread_type = "AUTO"
            digest = _Digest(stream)
            frames = damaged = 0
            for picture in plain_pictures(
                digest.passing(container.demux(stream)), stream, purpose=self._purpose
            ):
                frames += 1
                damaged += bool(picture.is_corrupt)
        return LiveCount(frames, damaged, digest.value())


def packets_digest(path: Path) -> str:
    """The digest of the main video of a finished file, to be held against that of `LiveDecode`. Nothing is decoded.

    Raises `EncodeError` where the file cannot be read.
    """
    import av

    with open_container(path, error=EncodeError) as container:
        stream = main_video_stream(container, path, error=EncodeError)
        digest = _Digest(stream)
        try:
            for _ in digest.passing(container.demux(stream)):
                check_stop()
        except av.error.FFmpegError as problem:
            raise EncodeError(f"the encode cannot be read to its end: {problem}", path=path) from problem
        return digest.value()


class _Growing:
    """A file that is being written, as PyAV reads one: a read waits for bytes until the file is complete.

    It cannot seek, so that the demuxer goes through it from front to back. Matroska's writer returns to the header at
    its end only: what has been read by then stays as it is, and the digest would tell.
    """

    def __init__(self, file: BinaryIO, complete: threading.Event, stopped: threading.Event) -> None:
        self._file, self._complete, self._stopped = file, complete, stopped

    def read(self, size: int) -> bytes:
        while not self._stopped.is_set():
            complete = self._complete.is_set()  # asked first: bytes may come between a read and the question
            data = self._file.read(size)
            if data or complete:
                return data
            self._complete.wait(_POLL_S)
        return b""


class _Digest:
    """SHA-256 over a stream's header and over the time, kind and bytes of each packet."""

    def __init__(self, stream: Any) -> None:
        self._sha = hashlib.sha256(bytes(stream.codec_context.extradata or b""))

    def passing(self, packets: Iterable[Any]) -> Iterator[Any]:
        """The packets, each taken into the digest on its way."""
        for packet in packets:
            if packet.size:
                self._sha.update(b"%d %d %d " % (packet.pts, packet.is_keyframe, packet.size))
                self._sha.update(packet)
            yield packet

    def value(self) -> str:
        """So far."""
        return self._sha.hexdigest()
