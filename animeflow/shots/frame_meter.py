"""What is measured of every frame: the columns of `frame_signals`, by CPU arithmetic on small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.media.decode.reader import Frame
from animeflow.tables.schemas.shots import FRAME_SIGNALS, THUMB_BYTES, THUMB_HEIGHT, THUMB_WIDTH

U8 = npt.NDArray[np.uint8]

THUMB_SIZE = (THUMB_WIDTH, THUMB_HEIGHT)
SHARPNESS_SIZE = (320, 180)
LUMA_SIZE = (160, 90)
BLOCK = 4
DEAD_ZONE = 3.0  # levels that grain and codec noise stay below at 160x90, mostly
CONTENT_SIDE = 256  # PySceneDetect scales the longer side to this
CHUNK_FRAMES = 1024  # frames measured before they become arrow columns: 4 MB of thumbnails, one row group

_DIFFERENCES = ("diff_rgb", "diff_rms", "diff_block", "diff_strong", "delta_hue", "delta_sat", "delta_lum")
_LEVELS = ("sharpness", "brightness", "contrast")


def content_size(size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) that PySceneDetect analyses a video of this size at: longer side 256, never enlarged.

    The scores are its own where the video names its matrix or is small. HD that names none, a portrait of 360x640 too,
    is BT.709 here (`media.decode.frame`) and BT.601 there: a score of 30 then lies up to 2 higher. Pictures wider than
    320 px are averaged on the way, there they are sampled: fine grain and noise, which alias there, count for less
    here (white noise in 640x360: 19 for its 30).
    """
    factor = max(size) / CONTENT_SIDE
    if factor <= 1:
        return size
    width, height = (max(1, round(side / factor)) for side in size)
    return width, height


@dataclass(frozen=True, slots=True)
class Small:
    """The small pictures that a frame is measured on. They are copies: a queue of them holds no buffer of the decoder.

    luma uint8 [180, 320], rgb uint8 [180, 320, 3], thumb uint8 RGB [27, 48, 3].
    """

    index: int
    pts: int
    key: bool
    corrupt: bool
    retimed: bool
    luma: U8
    rgb: U8
    thumb: U8

    @classmethod
    def of(cls, frame: Frame) -> Small:
        """Scale a frame: a conversion of 1080p costs 0.7-1.3 ms whatever its target, so all come from one picture."""
        small = frame.small(SHARPNESS_SIZE)
        return cls(
            frame.index,
            frame.pts,
            frame.key,
            frame.corrupt,
            frame.retimed,
            small.gray(),
            small.rgb(),
            small.rgb(THUMB_SIZE),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of its pictures."""
        return int(self.luma.nbytes + self.rgb.nbytes + self.thumb.nbytes)


class FrameMeter:
    """Measures frames in order and gives their rows of `frame_signals` in chunks of CHUNK_FRAMES; it keeps none."""

    def __init__(self, video_id: str, time_base: Fraction, size: tuple[int, int]) -> None:
        self._video_id, self._time_base = video_id, time_base
        self._content_size = content_size(size)
        width, height = self._content_size
        self._content = np.empty((height, width, 3), np.uint8)
        self._hsv = [np.empty_like(self._content), np.empty_like(self._content)]
        self._previous: tuple[U8, U8, U8] | None = None
        self._rows = _Rows()
        self.frames = 0

    def add(self, small: Small) -> pa.Table | None:
        """Measure the next frame; the rows of a chunk when this frame fills it."""
        cv2.resize(small.rgb, self._content_size, self._content, interpolation=cv2.INTER_LINEAR)
        self._hsv.reverse()  # the last one stays for the difference
        now = (
            cv2.cvtColor(self._content, cv2.COLOR_RGB2HSV, self._hsv[0]),
            small.thumb,
            cv2.resize(small.luma, LUMA_SIZE, interpolation=cv2.INTER_AREA),
        )
        differences = None if self._previous is None else frame_differences(self._previous, now)
        self._rows.add(small, differences, levels(small.luma, now[2]))
        self._previous = now
        self.frames += 1
        return self.rest() if self._rows.count == CHUNK_FRAMES else None

    def rest(self) -> pa.Table | None:
        """The rows that no chunk has given yet, None where there are none."""
        if not self._rows.count:
            return None
        rows, self._rows = self._rows, _Rows()
        return rows.table(self._video_id, self._time_base)


def frame_differences(before: tuple[U8, U8, U8], now: tuple[U8, U8, U8]) -> tuple[float, ...]:
    """The values of _DIFFERENCES for two frames, each as (HSV, thumbnail, luma at 160x90)."""
    hsv, thumb, luma = now
    deltas = cv2.sumElems(cv2.absdiff(hsv, before[0]))[:3]
    pixels = hsv.shape[0] * hsv.shape[1]
    return (
        cv2.norm(thumb, before[1], cv2.NORM_L1) / thumb.size,
        cv2.norm(luma, before[2], cv2.NORM_L2) / luma.size**0.5,
        *worst_blocks(luma, before[2]),
        *(delta / pixels for delta in deltas),
    )


def worst_blocks(luma: U8, before: U8) -> tuple[float, float]:
    """Largest mean over the 4x4 blocks of a frame of |luma - before|, and of max(0, |luma - before| - 3); uint8 [h, w].

    Rows beyond the last whole block are covered by blocks that end at the border. A held drawing on grain of sigma 4
    reaches 3.9 in the first and 1.6 in the second, the subtlest new drawings of the sample 4.3 and 2.6.
    """
    apart = cv2.absdiff(luma, before)
    height, width = (side // BLOCK * BLOCK for side in apart.shape)
    whole = apart[:, :width]
    if height < apart.shape[0]:
        whole = cv2.vconcat((whole[:height], whole[-BLOCK:]))
    return _block_maximum(whole), _block_maximum(cv2.subtract(whole, DEAD_ZONE))


def _block_maximum(apart: U8) -> float:
    """Largest mean of the 4x4 blocks; exact: sums of bytes over a power of two."""
    blocks = (apart.shape[1] // BLOCK, apart.shape[0] // BLOCK)
    means = cv2.resize(apart.astype(np.float32), blocks, interpolation=cv2.INTER_AREA)
    return float(cv2.minMaxLoc(means)[1])


def levels(luma: U8, small: U8) -> tuple[float, float, float]:
    """Sharpness (variance of the Laplacian at 320x180), brightness and contrast (mean and deviation at 160x90)."""
    edges = cv2.Laplacian(luma, cv2.CV_16S)
    # Two sums of integers: a third of the time of cv2.meanStdDev, which has no vector code for 16 bits.
    edge_mean = cv2.sumElems(edges)[0] / edges.size
    variance = max(cv2.norm(edges, cv2.NORM_L2SQR) / edges.size - edge_mean * edge_mean, 0.0)
    mean, deviation = cv2.meanStdDev(small)
    return variance, float(mean[0, 0]), float(deviation[0, 0])


def colours(thumbs: U8) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean HSV saturation (0-1) and colourfulness (8-bit levels) per frame of uint8 RGB [T, h, w, 3].

    Colourfulness: rg = R - G, yb = (R + G) / 2 - B; hypot(std rg, std yb) + 0.3 hypot(mean rg, mean yb)
    (Hasler and Suesstrunk 2003).
    """
    count, height, width, _ = thumbs.shape
    hsv = cv2.cvtColor(np.ascontiguousarray(thumbs).reshape(count * height, width, 3), cv2.COLOR_RGB2HSV)
    saturation = hsv[..., 1].reshape(count, -1).mean(axis=1) / 255
    red, green, blue = (thumbs[..., c].reshape(count, -1).astype(np.float32) for c in range(3))
    rg, yb = red - green, (red + green) / 2 - blue
    spread = np.hypot(rg.std(axis=1), yb.std(axis=1))
    colourfulness = spread + 0.3 * np.hypot(rg.mean(axis=1), yb.mean(axis=1))
    return saturation, colourfulness.astype(np.float64)


class _Rows:
    """Up to CHUNK_FRAMES frames before they become a table."""

    def __init__(self) -> None:
        self.count = 0
        self._thumbs = np.empty((CHUNK_FRAMES, THUMB_HEIGHT, THUMB_WIDTH, 3), np.uint8)
        self._flags: list[tuple[int, int, bool, bool, bool]] = []
        self._differences: list[tuple[float, ...] | None] = []
        self._levels: list[tuple[float, ...]] = []

    def add(self, small: Small, differences: tuple[float, ...] | None, measured: tuple[float, ...]) -> None:
        self._thumbs[self.count] = small.thumb
        self._flags.append((small.index, small.pts, small.key, small.corrupt, small.retimed))
        self._differences.append(differences)
        self._levels.append(measured)
        self.count += 1

    def table(self, video_id: str, time_base: Fraction) -> pa.Table:
        thumbs = self._thumbs[: self.count]
        saturation, colourfulness = colours(thumbs)
        frame, stamps, key, corrupt, retimed = zip(*self._flags, strict=True)
        columns = {
            "video_id": [video_id] * self.count,
            "frame": frame,
            "pts": stamps,
            "time_base_num": [time_base.numerator] * self.count,
            "time_base_den": [time_base.denominator] * self.count,
            "key": key,
            "corrupt": corrupt,
            "retimed": retimed,
            "thumbnail": pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(THUMB_BYTES), self.count, [None, pa.py_buffer(np.ascontiguousarray(thumbs))]
            ),
            "saturation": saturation.astype(np.float32),
            "colourfulness": colourfulness.astype(np.float32),
        }
        for at, name in enumerate(_DIFFERENCES):
            columns[name] = [None if row is None else row[at] for row in self._differences]
        for at, name in enumerate(_LEVELS):
            columns[name] = [row[at] for row in self._levels]
        return FRAME_SIGNALS.from_columns(columns)
