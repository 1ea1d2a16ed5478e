"""`make hostile`: a corpus of broken and hostile media through the source stage and the one decode.

Every case must end in one row with a reason that is right for it, within bounds of time and memory; exit status 1 else.

python -m benchmarks.hostile [--only TEXT] [--keep]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from animeflow.media.isolation.worker_process import POOL
from animeflow_tests.fixtures.hostile import corpus
from animeflow_tests.fixtures.hostile_run import MOST_MB, MOST_S, Outcome, judge
from benchmarks.common import markdown, save


def main() -> int:
    options = _options()
    scratch = Path(tempfile.mkdtemp(prefix="animeflow-hostile-", dir=options.scratch))
    began = time.monotonic()
    try:
        cases = corpus(scratch / "corpus", only=lambda name: options.only in name)
        print(f"{len(cases)} cases made in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        outcomes = [_said(judge(case, scratch / "run")) for case in cases]
    finally:
        POOL.close()
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    bad = [outcome for outcome in outcomes if outcome.problems]
    summary = (
        f"{len(outcomes)} cases, {len(outcomes) - len(bad)} ended as they may, in {time.monotonic() - began:.0f} s; "
        f"the longest took {max(o.seconds for o in outcomes):.1f} s (bound {MOST_S:.0f} s), the largest "
        f"{max(o.peak_mb for o in outcomes):.0f} MB with its worker (bound {MOST_MB} MB)"
    )
    print(summary)
    if not options.only:
        save("hostile", "Broken and hostile media", _page(outcomes, bad, summary), "make hostile")
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.hostile", description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--keep", action="store_true", help="keep the corpus")
    parser.add_argument("--scratch", type=Path, help="folder for it")
    return parser.parse_args()


def _said(outcome: Outcome) -> Outcome:
    problems = "; ".join(outcome.problems)
    print(
        f"{outcome.name:32} {outcome.stage:14} {outcome.reason:16} {outcome.frames:5d} frames "
        f"{outcome.seconds:6.2f} s {outcome.peak_mb:6.0f} MB  {'MISS: ' + problems if problems else ''}",
        flush=True,
    )
    return outcome


def _page(outcomes: Sequence[Outcome], bad: Sequence[Outcome], summary: str) -> str:
    """The summary, what was wrong, cases by kind and reason, and every case."""
    kinds = Counter((_kind(o.name), o.stage, o.reason) for o in outcomes)
    by_kind = [
        {"kind": kind, "ends in": stage, "reason": reason, "cases": count}
        for (kind, stage, reason), count in sorted(kinds.items())
    ]
    each = [
        {
            "case": o.name,
            "ends in": o.stage,
            "reason": o.reason,
            "frames": o.frames,
            "s": round(o.seconds, 2),
            "MB": round(o.peak_mb),
        }
        for o in outcomes
    ]
    misses = [{"case": o.name, "what is wrong": "; ".join(o.problems)} for o in bad]
    parts = [
        summary,
        *([markdown(misses)] if misses else []),
        markdown(by_kind),
        "## Every case",
        markdown(each),
    ]
    return "\n\n".join(parts)


def _kind(name: str) -> str:
    return name.partition("-")[0].partition(".")[0]


if __name__ == "__main__":
    sys.exit(main())
