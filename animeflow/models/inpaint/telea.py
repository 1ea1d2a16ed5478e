"""Fast marching inpainting (Telea 2004) of OpenCV: continues gradients, blurs texture."""

from __future__ import annotations

import cv2

from animeflow.models.classic_inpaint import Classic
from animeflow.models.registry import register
from animeflow.settings.models import Telea as Options


@register("inpaint", "telea")
class Telea(Classic):
    """uint8 RGB [h, w, 3], mask [h, w] -> uint8 RGB with the masked pixels filled."""

    options_model = Options
    method = cv2.INPAINT_TELEA
