"""What one file may ask of the decoder before it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animeflow.errors import ContractError, DecodeError
from animeflow.media.allowed import MAX_FRAMES, MAX_PIXELS


@dataclass(frozen=True)
class DecodeLimits:
    """Beyond these a file is refused (`DecodeError`)."""

    max_pixels: int = MAX_PIXELS  # of one picture
    max_frames: int = MAX_FRAMES
    max_gap_s: float = 600.0  # longest time between two frames
    max_corrupt_share: float = 0.10  # of the frames: damaged ones and packets that give none
    threads: int = 0  # of a decoder that is not told otherwise; 0: FFmpeg chooses

    def __post_init__(self) -> None:
        if (
            min(self.max_pixels, self.max_frames) < 1
            or self.max_gap_s <= 0
            or not 0 <= self.max_corrupt_share <= 1
        ):
            raise ContractError(f"decode limits out of range: {self}")

    def require_size(self, width: int, height: int, path: Path) -> None:
        """Raise `DecodeError` (too_large) for pictures with too many pixels."""
        if width * height > self.max_pixels:
            raise DecodeError(
                f"has pictures of {width}x{height}, more than {self.max_pixels} pixels",
                reason="too_large",
                path=path,
            )

    def require_frame(self, number: int, path: Path) -> None:
        """Raise `DecodeError` (too_large) where a frame of this number, from 0, is one too many."""
        if number >= self.max_frames:
            raise DecodeError(f"has more than {self.max_frames} frames", reason="too_large", path=path)

    def require_sound(self, damaged: int, total: int, path: Path) -> None:
        """Raise `DecodeError` (corrupt) where too many of all frames are damaged."""
        if damaged > self.max_corrupt_share * total:
            raise DecodeError(
                f"{damaged} of {total} frames are damaged; {self.max_corrupt_share:.0%} are allowed",
                reason="corrupt",
                path=path,
                hint="fetch it again, or raise shots.decode.max_corrupt_share",
            )


DEFAULT_LIMITS = DecodeLimits()
