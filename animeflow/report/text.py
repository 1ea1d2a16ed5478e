"""Numbers as people read them."""

from __future__ import annotations

import math


def number(value: float | int | None, digits: int = 3) -> str:
    """About `digits` significant figures without an exponent; an en dash for null."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace(",", "\u202f")
    magnitude = math.floor(math.log10(abs(value)))
    places = max(0, min(6, digits - 1 - magnitude))
    text = f"{value:,.{places}f}".replace(",", "\u202f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def size(count: float | None) -> str:
    """Bytes with a decimal unit."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def seconds(value: float | None) -> str:
    """0.42 s, 12.3 s, 4 min 05 s, 1 h 02 min."""
    if value is None:
        return "–"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 99.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def clock(value: float) -> str:
    """m:ss.t for a position in a video."""
    tenths = round(value * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def percent(share: float | None) -> str:
    if share is None:
        return "–"
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{min(99.9, max(0.1, share * 100)):.1f} %"
    return f"{share * 100:.0f} %"


def decibel(value: float | None) -> str:
    """`38.2 dB`; `equal` for 99, which is written for identical pictures."""
    if value is None:
        return "–"
    return "equal" if value > 98.9 else f"{value:.1f} dB"


def words(name: str) -> str:
    """`text_area_max` -> `text area max`."""
    return name.replace("_", " ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 clip`, `3 clips`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"
