"""Settings of the group `catalog`: tables across shards."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from animeflow.settings.base import Section


class CalibrationSettings(Section):
    """The report on stored measures."""

    quantiles: tuple[float, ...] = (0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.75, 0.9, 0.95)
    """Quantiles of every measure (0-1, ascending)."""
    steps: int = Field(21, ge=2, le=1001)
    """Thresholds tried per measure, spread over its quantiles."""

    @field_validator("quantiles")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or sorted(set(value)) != list(value) or not 0 <= value[0] <= value[-1] <= 1:
            raise ValueError("quantiles are ascending numbers from 0 to 1")
        return value


class IdentitySettings(Section):
    """The same character across clips."""

    min_similarity: Annotated[float, Field(ge=-1, le=1)] = 0.8
    """Cosine similarity from which two embeddings are the same character."""


class CatalogSettings(Section):
    """Tables across shards."""

    calibration: CalibrationSettings = CalibrationSettings()
    identities: IdentitySettings = IdentitySettings()
