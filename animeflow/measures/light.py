"""What light the code values of a thumbnail stand for: linear, relative to white, by the transfer of the source.

sRGB (IEC 61966-2-1) for all sources of standard range, as WCAG reads them. PQ: the EOTF of SMPTE ST 2084, which
ITU-R BT.2100 Table 4 repeats. HLG: the inverse OETF and the OOTF of BT.2100 Table 5 (ARIB STD-B67) on its nominal
display of 1000 cd/m2. White of both is the diffuse white of Report ITU-R BT.2408, 203 cd/m2: highlights are above 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from animeflow.measures.transitions import F32, F64, U8, looked_up

PQ, HLG = 16, 18  # H.273 transfer characteristics
BT2020 = 9  # H.273 colour primaries
DIFFUSE_WHITE = 203.0  # cd/m2
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
_BT709_LUMA = (0.2126, 0.7152, 0.0722)
_BT2020_LUMA = (0.2627, 0.6780, 0.0593)
# Linear light of BT.2020 primaries in those of BT.709: the inverse of the matrix of ITU-R BT.2087.
_TO_BT709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))


Planes = Sequence[F32]


@dataclass(frozen=True)
class Light:
    """How thumbnails become light. Both map uint8 RGB [..., 3], each cell by itself.

    `luminance` gives relative luminance [...], 0 black, 1 white; `linear` gives red, green and blue of BT.709, linear
    and each [...]; a colour that BT.709 does not hold has negative parts.
    """

    luminance: Callable[[U8], F32]
    linear: Callable[[U8], Planes]


def light_of(transfer: int | None, primaries: int | None) -> Light:
    """The light of a source by its H.273 codes; all that is not PQ or HLG is read as sRGB."""
    if transfer not in (PQ, HLG):
        return SRGB
    weights = _BT2020_LUMA if primaries == BT2020 else _BT709_LUMA
    shown = _pq if transfer == PQ else lambda thumbs: _hlg(thumbs, weights)

    def linear(thumbs: U8) -> Planes:
        light = shown(thumbs)
        return _in_bt709(light) if primaries == BT2020 else light

    return Light(lambda thumbs: _weighted(shown(thumbs), weights), linear)


def pq_cd(code: F64) -> F64:
    """cd/m2 of non-linear PQ values (0-1): SMPTE ST 2084."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = code ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))


def hlg_scene(code: F64) -> F64:
    """Linear scene light (0-1) of non-linear HLG values (0-1): the inverse OETF of ARIB STD-B67."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    return np.asarray(np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12))


def _srgb(code: F64) -> F64:
    return np.asarray(np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4))


_CODES = np.arange(256) / 255.0
_SRGB = _srgb(_CODES).astype(np.float32)
_PQ = (pq_cd(_CODES) / DIFFUSE_WHITE).astype(np.float32)
_HLG = hlg_scene(_CODES).astype(np.float32)
# Weighted per channel and added in one order: one frame or many give the same bits.
_WEIGHTED = tuple(_SRGB * np.float32(weight) for weight in _BT709_LUMA)


def _srgb_luminance(thumbs: U8) -> F32:
    red, green, blue = looked_up(thumbs, _WEIGHTED)
    return np.asarray(red + green + blue, dtype=np.float32)


def _pq(thumbs: U8) -> Planes:
    return looked_up(thumbs, (_PQ,) * 3)


def _hlg(thumbs: U8, weights: tuple[float, float, float]) -> Planes:
    """The OOTF: the display's light of a channel depends on the luminance of the scene there."""
    scene = looked_up(thumbs, (_HLG,) * 3)
    gain = np.float32(HLG_PEAK / DIFFUSE_WHITE) * _weighted(scene, weights) ** np.float32(HLG_GAMMA - 1)
    return [np.asarray(plane * gain, dtype=np.float32) for plane in scene]


def _weighted(light: Planes, weights: Sequence[float]) -> F32:
    red, green, blue = (plane * np.float32(weight) for plane, weight in zip(light, weights, strict=True))
    return np.asarray(red + green + blue, dtype=np.float32)


def _in_bt709(light: Planes) -> Planes:
    return [_weighted(light, row) for row in _TO_BT709]


SRGB = Light(_srgb_luminance, lambda thumbs: looked_up(thumbs, (_SRGB,) * 3))
