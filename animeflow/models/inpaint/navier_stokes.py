"""Fluid dynamics inpainting (Bertalmio 2001) of OpenCV: continues edges further than Telea's."""

from __future__ import annotations

import cv2

from animeflow.models.classic_inpaint import Classic
from animeflow.models.registry import register
from animeflow.settings.models import NavierStokes as Options


@register("inpaint", "navier_stokes")
class NavierStokes(Classic):
    """uint8 RGB [h, w, 3], mask [h, w] -> uint8 RGB with the masked pixels filled."""

    options_model = Options
    method = cv2.INPAINT_NS
