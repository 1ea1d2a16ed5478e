"""Background plates: a place painted larger than the frame, and the camera's view of it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from animeflow.sample.canvas import Layer
from animeflow.sample.noise import painted
from animeflow.sample.places.easel import Easel
from animeflow.sample.places.indoors import plain_wall, room
from animeflow.sample.places.nature import field_path, forest, open_sea, sea
from animeflow.sample.places.town import city, street
from animeflow.sample.style import LIGHT_OF_HOUR, rng_of

PLACES: dict[str, Callable[[Easel], None]] = {
    "field": field_path,
    "city": city,
    "street": street,
    "sea": sea,
    "open_sea": open_sea,
    "forest": forest,
    "room": room,
    "wall": plain_wall,
}
INDOORS = ("room", "wall")
# wobble of the edges in units, unevenness of the wash
TEXTURE = {
    "field": (0.9, 0.12),
    "sea": (0.7, 0.11),
    "open_sea": (0.7, 0.11),
    "forest": (0.9, 0.12),
    "wall": (0.3, 0.02),
}


def paint(
    place: str, *, seed: int, size: tuple[int, int], scale: float, hour: str, ground: float
) -> np.ndarray:
    """The plate RGB uint8 [h, w, 3] of `size` px (width, height); `scale` px per unit, `ground` in units from the top.

    Painted in daylight, tinted by the hour, then lamps, windows and stars are lit: they are sources, not surfaces.
    """
    layer = Layer(size)
    layer.canvas.scale(scale, scale)
    rng = rng_of(seed, "plate", place)
    easel = Easel(layer.canvas, rng, size[0] / scale, size[1] / scale, hour, ground)
    PLACES[place](easel)
    picture = layer.premultiplied()[..., :3]
    wobble, wash = TEXTURE.get(place, (0.55, 0.10))
    picture = painted(rng, picture, wobble=wobble * scale, wash=wash, scale=scale)
    if place in INDOORS or hour == "day":
        return _light_up(picture, easel, scale)
    tinted = picture.astype(np.float32) * (np.asarray(LIGHT_OF_HOUR[hour], np.float32) / 255.0)
    return _light_up(np.clip(np.rint(tinted), 0, 255).astype(np.uint8), easel, scale)


def _light_up(picture: np.ndarray, easel: Easel, scale: float) -> np.ndarray:
    if not easel.lights:
        return picture
    layer = Layer((picture.shape[1], picture.shape[0]))
    layer.canvas.scale(scale, scale)
    for light in easel.lights:
        light(layer.canvas)
    over = layer.premultiplied().astype(np.uint16)
    below = picture.astype(np.uint16) * (255 - over[..., 3:]) // 255
    return np.minimum(over[..., :3] + below, 255).astype(np.uint8)


def look(plate: np.ndarray, camera: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The plate as the camera sees it: uint8 [h, w, c]. `camera` [3, 3] maps frame px to plate px.

    Cubic, so that a camera on whole pixels gives the plate's own pixels.
    """
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plate, camera[:2], size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
