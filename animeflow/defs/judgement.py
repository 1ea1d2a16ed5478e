"""Whether a stage's last result stands: the one rule, asked by a run, by a dry run and by `animeflow status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from animeflow.errors import ManifestDamaged
from animeflow.tables.manifest import Manifest
from animeflow.tables.words import plural

State = Literal["done", "freed", "missing", "stale", "unfinished"]
STANDING: tuple[State, ...] = ("done", "freed")
NAMED = 3  # faults that are said


class Judged(Protocol):
    """What is asked of a stage: where its result lies, and what would go into it now."""

    @property
    def folder(self) -> Path: ...
    @property
    def force(self) -> bool: ...
    @property
    def input_digest(self) -> str: ...
    @property
    def provenance(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Judgement:
    """`unfinished` has a transient error, a damaged manifest or lacks a file; `why` is empty when done.

    `freed` would be done if its media had not been deleted after publishing: nobody waits for it, and a run that needs
    its media makes them again.
    """

    state: State
    why: tuple[str, ...] = ()
    manifest: Manifest | None = None


def judge(stage: Judged) -> Judgement:
    """Done: everything that goes in is what the manifest says, and its files are all there. Changes nothing."""
    try:
        manifest = Manifest.read(stage.folder)
    except ManifestDamaged as error:
        return Judgement("unfinished", (error.message,))
    if manifest is None:
        return Judgement("missing", ("was never finished",))
    if not manifest.done:
        waits = f"{plural(manifest.transient_errors, 'video')} had an error that may go away"
        return Judgement("unfinished", (waits,), manifest)
    if faults := manifest.verify(stage.folder):
        return Judgement("unfinished", tuple(faults[:NAMED]), manifest)
    if stage.force:
        return Judgement("stale", ("is forced",), manifest)
    if manifest.input_digest != stage.input_digest:
        why = differences(manifest.provenance, stage) or ("something that goes in has changed",)
        return Judgement("stale", why, manifest)
    return Judgement("freed" if manifest.freed else "done", (), manifest)


def differences(made_by: Mapping[str, Any], stage: Judged) -> tuple[str, ...]:
    """What differs between the provenance of a result and what would go in now, in words."""
    now = stage.provenance
    found = []
    if made_by.get("code_version") != now["code_version"]:
        found.append(f"code version {made_by.get('code_version')} -> {now['code_version']}")
    for kind, text in (("settings", "settings {}"), ("upstream", "{} has changed"), ("models", "model {}")):
        old, new = made_by.get(kind) or {}, now[kind]
        found += [
            text.format(key)
            for key in sorted({*old, *new})
            if _essence(old.get(key)) != _essence(new.get(key))
        ]
    if made_by.get("device") != now["device"]:
        found.append(f"device {made_by.get('device')} -> {now['device']}")
    return tuple(found)


def _essence(value: Any) -> Any:
    """Of a model, what decides: its fingerprint and whether its weights were there."""
    return (value.get("fingerprint"), value.get("absent")) if isinstance(value, Mapping) else value
