"""The two digests: what went in (equal means skip) and what came out (equal means nothing downstream changes)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Hex sha256 of the canonical JSON of a plain value."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogateescape")).hexdigest()


def input_digest(
    *,
    stage: str,
    code_version: str,
    settings: Mapping[str, Any],
    weights: Mapping[str, str],
    upstream: Mapping[str, str],
    device: str,
    dtype: str,
) -> str:
    """Everything that can change a stage's result, and nothing else (no path, thread count or batch size)."""
    return digest(
        {
            "stage": stage,
            "code_version": code_version,
            "settings": settings,
            "weights": weights,
            "upstream": upstream,
            "device": device,
            "dtype": dtype,
        }
    )


def content_digest(parts: Mapping[str, str]) -> str:
    """Digest over {relative name: sha256 of its content}: tables by their rows, media by their bytes."""
    return digest(dict(parts))
