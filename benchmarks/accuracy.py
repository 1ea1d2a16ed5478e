"""The sample against its truth, beside baselines: `make accuracy`.

Seeds derive from the commit id, so that no code is tuned to them; they are printed, and `--seeds` repeats them. A
seed is measured once per state of the code (cached). Exit status 1 when a bound is missed; a missed goal is red with
its reason.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.bounds import Bound, judge
from benchmarks.common import ROOT, commit, markdown, save

PARTS = ("shots", "layers")
SEEDS = 10
QUICK_SEED = (
    1  # CI asks whether a change broke something: the same question every time, not a new one per commit
)
Row = dict[str, Any]
T = TypeVar("T")


def main() -> int:
    options = _options()
    seeds = options.seeds or ([QUICK_SEED] if options.quick else seeds_of(commit(), SEEDS))
    words = " ".join(map(str, seeds))
    print(f"seeds: {words}   (repeat: python -m benchmarks.accuracy --seeds {words})")
    parts = [part for part in PARTS if not options.parts or part in options.parts]
    rows = measure_all(parts, seeds, quick=options.quick, workers=options.workers, cached=not options.fresh)
    body, missed = "", 0
    for part in parts:
        module = part_module(part)
        own = [row for row in rows if row["part"] == part]
        verdicts = judge(summarise(own), module.BOUNDS)
        if options.quick:  # its plan leaves kinds out: what was not asked cannot be missed
            kinds = {row["kind"] for row in own}
            verdicts = [verdict for verdict in verdicts if verdict.kind in kinds]
        missed += sum(verdict.missed for verdict in verdicts)
        body += f"\n## {part}\n\n{markdown([v.row() for v in verdicts])}\n\n{table(own)}\n"
    print(body)
    print(f"{missed} bounds missed" if missed else "every bound holds")
    if not options.quick and not options.parts:
        note = f"Seeds: {', '.join(map(str, seeds))}. Values are medians over the seeds, with the worst seed behind."
        save("accuracy", "The drawn sample against its truth", f"{note}\n{body}", "make accuracy")
    return 1 if missed and not options.report_only else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="measure these seeds")
    parser.add_argument("--quick", action="store_true", help="one seed, smaller plan: what CI runs")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="only these parts")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--report-only", action="store_true", help="exit 0 although a bound is missed")
    parser.add_argument("--fresh", action="store_true", help="ignore cached seeds")
    return parser.parse_args()


def seeds_of(text: str, count: int) -> list[int]:
    """`count` seeds below a million, derived from a text (the commit id)."""
    return [int(hashlib.sha256(f"{text}:{i}".encode()).hexdigest()[:8], 16) % 1_000_000 for i in range(count)]


def part_module(part: str) -> Any:
    """The module that measures a part: `measure(seed, quick=) -> rows` and `BOUNDS`."""
    return importlib.import_module(f"benchmarks.{part}_accuracy")


def measure_all(
    parts: Sequence[str], seeds: Sequence[int], *, quick: bool, workers: int, cached: bool
) -> list[Row]:
    """Rows of every part and seed, in that order whatever order they were measured in."""
    code = code_digest()
    jobs = [(part, seed) for seed in seeds for part in parts]
    found: dict[tuple[str, int], list[Row]] = {}
    with ProcessPoolExecutor(max_workers=max(1, min(workers, len(jobs)))) as pool:
        futures = {
            pool.submit(measure_one, part, seed, quick, code, cached): (part, seed) for part, seed in jobs
        }
        for done in as_completed(futures):
            part, seed = futures[done]
            found[part, seed] = done.result()
            print(f"  {part}, seed {seed}: {len(found[part, seed])} values", file=sys.stderr, flush=True)
    return [row for job in jobs for row in found[job]]


def measure_one(part: str, seed: int, quick: bool, code: str, cached: bool) -> list[Row]:
    """Rows of one part on one seed, from the cache when the code is the same."""

    def measure() -> list[Row]:
        return [{"part": part, "seed": seed, **row} for row in part_module(part).measure(seed, quick=quick)]

    return once(f"{code}-{part}-{seed}{'-quick' if quick else ''}", measure, cached=cached)


def once(name: str, measure: Callable[[], T], *, cached: bool = True) -> T:
    """What `measure` gives, as JSON: from the cache where it was measured under this name before."""
    path = cache_folder() / f"{name}.json"
    if cached and path.is_file():
        found: T = json.loads(path.read_text())
        return found
    result = measure()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(result))
    temporary.replace(path)
    return result


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "animeflow" / "accuracy"


def code_digest() -> str:
    """Digest of everything that can change a value: the package, the benchmarks, the pins."""
    digest = hashlib.sha256((ROOT / "constraints.txt").read_bytes())
    for folder in ("animeflow", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml", ".yaml"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


Key = tuple[str, str, str]


def summarise(rows: Iterable[Mapping[str, Any]]) -> dict[Key, list[float]]:
    """(kind, method, measure) -> its values over the seeds; nulls left out."""
    found: dict[Key, list[float]] = {}
    for row in rows:
        if row["value"] is not None:
            found.setdefault((row["kind"], row["method"], row["measure"]), []).append(float(row["value"]))
    return found


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line per kind and method, one column per measure: median (worst)."""
    values = summarise(rows)
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    higher = {row["measure"]: row.get("higher_is_better", True) for row in rows}
    lines: dict[tuple[str, str], Row] = {}
    for (kind, method, measure), found in values.items():
        line = lines.setdefault((kind, method), {"kind": kind, "method": method})
        worst = min(found) if higher[measure] else max(found)
        line[measure] = f"{statistics.median(found):.3g} ({worst:.3g})"
    return markdown([lines[key] for key in sorted(lines)], ["kind", "method", *measures])


__all__ = ["Bound", "main", "seeds_of"]

if __name__ == "__main__":
    sys.exit(main())
