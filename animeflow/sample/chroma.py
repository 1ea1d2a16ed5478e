"""What 4:2:0 alone does to a picture, so that truth can be compared after the same loss."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import Interpolation

_CAREFUL = (
    Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
)


def round_trip_420(frames: np.ndarray) -> np.ndarray:
    """RGB uint8 [h,w,3] or [T,h,w,3] through yuv420p (BT.709, limited range) and back by swscale; no codec."""
    if frames.ndim == 4:
        return np.stack([round_trip_420(frame) for frame in frames]) if len(frames) else frames.copy()
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(frames), format="rgb24")
    yuv = rgb.reformat(
        format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709", dst_color_range="MPEG"
    )
    # As a careful decoder converts: the quick way repeats chroma samples and darkens by 1.4 levels, 35.6 -> 34.2 dB
    # between a truth frame and its decoded copy.
    back = yuv.reformat(
        format="rgb24",
        src_colorspace="ITU709",
        dst_colorspace="ITU709",
        src_color_range="MPEG",
        interpolation=_CAREFUL,
    )
    return back.to_ndarray()
