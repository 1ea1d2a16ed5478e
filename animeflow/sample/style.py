"""How a production looks: line, colour, light, grain. Everything follows from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from animeflow.errors import SettingsError
from animeflow.sample.canvas import Colour

Rng = np.random.Generator
HOURS = ("day", "sunset", "night")


@dataclass(frozen=True, kw_only=True)
class Style:
    """Parameters of the drawing.

    `palette` seeds the cast (None: the shot's own seed), `line` is the width of the ink in px of a frame 360 px high,
    `grain` the sigma of the luma noise in 8-bit levels, `crf` the x264 quality, `chroma` scales saturation, `hold`
    replaces the kinds' own pattern of held frames (each number: frames that one drawing stays).
    """

    palette: int | None = None
    line: float = 1.5
    grain: float = 0.0
    crf: int = 20
    chroma: float = 1.0
    hold: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        checks = {
            "line": 0.5 <= self.line <= 6,
            "grain": 0 <= self.grain <= 20,
            "crf": 0 <= self.crf <= 51,
            "chroma": 0 <= self.chroma <= 2,
            "hold": self.hold is None or (len(self.hold) > 0 and min(self.hold) >= 1),
        }
        for name, fine in checks.items():
            if not fine:
                raise SettingsError(f"style {name} {getattr(self, name)!r} is out of range (see Style)")


def rng_of(seed: int, *path: str | int) -> np.random.Generator:
    """A generator that depends on the seed and on what it is for, not on the order of calls."""
    words = [seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF]
    for part in path:
        words += [int(part)] if isinstance(part, int) else list(part.encode())
    return np.random.default_rng(np.random.SeedSequence(words))


def as_colour(values: np.ndarray) -> Colour:
    """Three numbers as an RGB triple, cut to 0-255."""
    # np.clip takes ten times as long on three numbers
    r, g, b = (int(min(max(v, 0), 255)) for v in values.tolist())
    return (r, g, b)


def shift(colour: Colour, *, value: float = 1.0, chroma: float = 1.0) -> Colour:
    """A colour with its brightness and its distance from grey scaled."""
    c = np.asarray(colour, np.float64)
    grey = c @ (0.299, 0.587, 0.114)
    return as_colour((grey + (c - grey) * chroma) * value)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with `share` (0-1) of `b`."""
    return as_colour(np.asarray(a, np.float64) * (1 - share) + np.asarray(b, np.float64) * share)


def tint(colour: Colour, light: Colour) -> Colour:
    """A colour under a coloured light (255, 255, 255 changes nothing)."""
    return as_colour(np.asarray(colour, np.float64) * np.asarray(light, np.float64) / 255.0)


LIGHT_OF_HOUR: dict[str, Colour] = {
    "day": (255, 255, 255),
    "sunset": (255, 226, 204),
    "night": (150, 165, 215),
}

SKINS: tuple[tuple[Colour, Colour], ...] = (
    ((255, 232, 214), (240, 190, 170)),
    ((252, 222, 198), (228, 174, 150)),
    ((238, 196, 162), (205, 150, 120)),
    ((214, 162, 124), (176, 120, 92)),
)
HAIRS: tuple[Colour, ...] = (
    (58, 48, 62), (92, 62, 48), (150, 98, 58), (226, 184, 104), (196, 84, 66),
    (88, 104, 168), (236, 158, 176), (122, 160, 140), (150, 120, 178), (206, 210, 222),
)  # fmt: skip
EYES: tuple[Colour, ...] = (
    (72, 120, 190),
    (70, 150, 110),
    (150, 96, 60),
    (150, 80, 160),
    (196, 76, 72),
    (190, 140, 50),
)
CLOTHES: tuple[Colour, ...] = (
    (58, 74, 120), (176, 62, 66), (70, 120, 104), (230, 190, 92), (120, 96, 150),
    (66, 66, 78), (214, 124, 92), (96, 150, 190), (190, 196, 206), (150, 70, 100),
)  # fmt: skip
OUTFITS = ("sailor", "hoodie", "blazer", "coat", "dress", "shirt")
HAIR_CUTS = ("long", "bob", "short", "ponytail", "twintails", "spiky")
HAIR_CUTS_OF_BUILD = {
    "girl": ("long", "bob", "ponytail", "twintails", "long", "bob"),
    "boy": ("short", "spiky"),
}
OUTFITS_OF_BUILD = {
    "girl": ("sailor", "hoodie", "dress", "coat", "blazer"),
    "boy": ("hoodie", "blazer", "coat", "shirt"),
}


@dataclass(frozen=True, kw_only=True)
class Design:
    """A character as the model sheet gives it."""

    build: str
    skin: Colour
    skin_shade: Colour
    hair: Colour
    eye: Colour
    cut: str
    fringe: int
    cowlick: bool
    outfit: str
    top: Colour
    bottom: Colour
    accent: Colour
    jaw: float
    eye_size: float
    tall: float
    light: Colour = field(default=(255, 255, 255))

    def lit(self, light: Colour) -> Design:
        """The same character under another light."""
        return replace(
            self, light=light, skin=tint(self.skin, light), skin_shade=tint(self.skin_shade, light),
            hair=tint(self.hair, light), eye=tint(self.eye, light), top=tint(self.top, light),
            bottom=tint(self.bottom, light), accent=tint(self.accent, light),
        )  # fmt: skip


def design(seed: int, who: int, *, chroma: float = 1.0, avoid: Design | None = None) -> Design:
    """The `who`-th character of a production. `avoid` is one whose hair and clothes must differ."""
    rng = rng_of(seed, "design", who)
    build = "girl" if rng.random() < 0.6 else "boy"
    skin, skin_shade = SKINS[int(rng.choice(4, p=(0.45, 0.3, 0.15, 0.1)))]
    hair = _other(rng, HAIRS, avoid.hair if avoid else None)
    top, bottom, accent = (CLOTHES[i] for i in rng.permutation(len(CLOTHES))[:3])
    if avoid is not None and top == avoid.top:
        top, bottom = bottom, top
    return Design(
        build=build, skin=skin, skin_shade=skin_shade, hair=shift(hair, chroma=chroma),
        eye=shift(EYES[int(rng.integers(len(EYES)))], chroma=chroma),
        cut=str(rng.choice(HAIR_CUTS_OF_BUILD[build])), fringe=int(rng.integers(0, 4)),
        cowlick=bool(rng.random() < 0.5),
        outfit=str(rng.choice(OUTFITS_OF_BUILD[build])),
        top=shift(top, chroma=chroma), bottom=shift(bottom, chroma=chroma), accent=shift(accent, chroma=chroma),
        jaw=float(rng.uniform(0.0, 1.0)), eye_size=float(rng.uniform(0.92, 1.08)) * (1.0 if build == "girl" else 0.86),
        tall=float(rng.uniform(0.0, 1.0)) + (0.5 if build == "boy" else 0.0),
    )  # fmt: skip


def _other(rng: np.random.Generator, table: tuple[Colour, ...], taken: Colour | None) -> Colour:
    """A random entry that lies clearly apart from `taken`."""
    order = [table[i] for i in rng.permutation(len(table))]
    if taken is None:
        return order[0]
    return next(c for c in order if np.abs(np.subtract(c, taken)).max() > 60)
