"""Pictures of a file as they leave the decoder, every one counted, and what was wrong with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animeflow.errors import DecodeError
from animeflow.media.command import check_stop
from animeflow.media.decode.card import Backend, CardFailed
from animeflow.media.decode.counting import count_decoded
from animeflow.media.decode.limits import DecodeLimits
from animeflow.media.demux.container import main_video_stream, open_container


@dataclass
class Tally:
    """Pictures that were decoded, those of them that are damaged, and packets that gave an error."""

    decoded: int = 0
    corrupt: int = 0
    errors: int = 0


class Pictures:
    """Pictures of the main video of a file (a context manager), from where its container stands, as PyAV frames.

    Broken packets are counted in `tally` and passed over, as ffmpeg does. `card` decodes where it is given; whatever
    goes wrong with it is `CardFailed`. Raises `DecodeError` where the file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        *,
        purpose: str,
        limits: DecodeLimits,
        threads: int,
        card: Backend | None,
        tally: Tally,
    ) -> None:
        self._purpose, self._card, self.tally = purpose, card, tally
        self._closing = ExitStack()
        try:
            self.container = self._closing.enter_context(
                open_container(
                    path,
                    error=DecodeError,
                    max_pixels=limits.max_pixels,
                    hwaccel=None if card is None else card.hwaccel(),
                )
            )
            self.stream = main_video_stream(self.container, path, error=DecodeError)
            context = self.stream.codec_context
            limits.require_size(context.width, context.height, path)
        except BaseException:
            self._closing.close()
            raise
        context.options = {"max_pixels": str(limits.max_pixels)}
        context.thread_type, context.thread_count = "AUTO", threads
        self._coming = self._decoded()
        self._waiting: deque[Any] = deque()
        self._only: Collection[int] | None = None  # of which pts pictures are needed; None: all

    def only(self, pts: Collection[int]) -> None:
        """From the next packet on, pass over pictures that no other refers to, but for those of these pts."""
        self._only = pts

    def ahead(self, count: int) -> Sequence[Any]:
        """The next `count` pictures, which stay the next ones; fewer where the video ends."""
        while len(self._waiting) < count:
            picture = next(self._coming, None)
            if picture is None:
                break
            self._waiting.append(picture)
        return self._waiting

    def take(self) -> Any | None:
        """The next picture; None at the end."""
        return self._waiting.popleft() if self.ahead(1) else None

    def put_back(self, picture: Any) -> None:
        """The picture that was taken last is the next one again."""
        self._waiting.appendleft(picture)

    def seek(self, pts: int) -> bool:
        """Go to a key frame at or before `pts`; False where the container cannot."""
        import av

        try:
            self.container.seek(pts, stream=self.stream, backward=True)
        except av.error.FFmpegError:
            return False
        self._coming = self._decoded()
        self._waiting.clear()
        return True

    def close(self) -> None:
        """Release the decoder and the file."""
        self._waiting.clear()
        self._closing.close()

    def _decoded(self) -> Iterator[Any]:
        import av

        packets = self.container.demux(self.stream)
        while True:
            check_stop()
            try:
                packet = next(packets, None)
            except (
                av.error.FFmpegError,
                IndexError,
            ) as error:  # PyAV looks for a stream that appeared since: IndexError
                self._leave_card(error)
                self.tally.errors += 1
                yield from self._of(None)
                return
            if packet is None:
                return
            yield from self._of(packet)

    def _of(self, packet: Any) -> Iterator[Any]:
        import av

        if packet is not None:
            if packet.is_corrupt:
                self._leave_card("the file is damaged")
            self._choose(packet)
        try:
            pictures = self.stream.codec_context.decode(packet)
        except av.error.FFmpegError as error:
            self._leave_card(error)
            self.tally.errors += 1
            return
        for coded in pictures:
            picture = coded
            if self._card is not None:
                try:
                    picture = self._card.planar(coded)
                except (av.error.FFmpegError, ValueError) as error:
                    self._leave_card(error)
            self.tally.decoded += 1
            self.tally.corrupt += bool(picture.is_corrupt)
            count_decoded(self._purpose)
            yield picture

    def _choose(self, packet: Any) -> None:
        # A packet without a time goes on with the picture of the one before.
        if self._only is not None and packet.pts is not None:
            wanted = packet.pts in self._only
            self.stream.codec_context.skip_frame = "DEFAULT" if wanted else "NONREF"

    def _leave_card(self, why: object) -> None:
        """Whatever goes wrong with a card: it flags no damage, so nothing it gives can be trusted from here."""
        if self._card is not None:
            raise CardFailed(str(why))


def plain_pictures(packets: Iterable[Any], stream: Any, *, purpose: str) -> Iterator[Any]:
    """Pictures of a stream's packets, without limits or repairs: for self-checks. Raises FFmpeg's errors."""
    for packet in packets:
        check_stop()
        for picture in stream.codec_context.decode(packet):
            count_decoded(purpose)
            yield picture
