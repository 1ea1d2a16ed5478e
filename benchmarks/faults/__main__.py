"""`make faults`: prints a table, exit status 1 on any fault.

python -m benchmarks.faults [--kills 12] [--seed N] [--only kills|writing|publishing|inputs]... [--keep] [-- OPTIONS]
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from animeflow.hubs.publication import PHASES as PUBLISHING
from animeflow.tables.staging import PHASES as WRITING
from benchmarks.common import commit, markdown, save
from benchmarks.faults import inputs, kills
from benchmarks.faults.kills import Outcome, Scene
from benchmarks.faults.media import mini_shard

PARTS = ("kills", "writing", "publishing", "inputs")


def main() -> int:
    options = _options()
    scratch = Path(tempfile.mkdtemp(prefix="animeflow-faults-", dir=options.scratch))
    began, seed = time.monotonic(), options.seed if options.seed is not None else int(commit()[:8], 16)
    print(f"seed {seed}, scratch {scratch}", flush=True)
    scene, faults = kills.undisturbed(mini_shard(scratch / "mini"), scratch, tuple(options.run))
    first = Outcome("undisturbed", f"{len(scene.expected)} files", tuple(faults), scene.whole_s)
    outcomes = [_said(first)]
    if first.ok:
        outcomes += [_said(case()) for case in _cases(options.only, options.kills, seed, scene, scratch)]
    bad = [outcome for outcome in outcomes if not outcome.ok]
    minutes = (time.monotonic() - began) / 60
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = (
        f"{len(outcomes) - len(bad)} of {len(outcomes)} cases hold, {minutes:.1f} min "
        f"({(used.ru_utime + used.ru_stime) / 60:.1f} CPU min), seed {seed}"
    )
    print(summary)
    if not options.only and not options.run:
        save(
            "faults",
            "Kill -9 and bad input",
            _table(outcomes) + f"\n\n{summary}",
            f"make faults  # seed {seed}",
        )
    if bad or options.keep:
        print(f"workspaces are kept in {scratch}")
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=12, help="kills at random moments")
    parser.add_argument("--seed", type=int, help="of the moments; default: from the commit")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; repeatable")
    parser.add_argument("--keep", action="store_true", help="keep the workspaces")
    parser.add_argument("--scratch", type=Path, help="where they are made; default: the system's folder")
    parser.add_argument("run", nargs="*", help="options of `animeflow run` for every run, after --")
    return parser.parse_args()


def _cases(
    only: Sequence[str] | None, number: int, seed: int, scene: Scene, scratch: Path
) -> list[Callable[[], Outcome]]:
    rng, cases, parts = random.Random(seed), list[Callable[[], Outcome]](), only or PARTS
    if "kills" in parts:
        cases.append(lambda: kills.again(scene))
        cases += [lambda n=n: kills.random_kill(scene, rng, n) for n in range(1, number + 1)]  # type: ignore[misc]
    phases = [*(WRITING if "writing" in parts else ()), *(PUBLISHING if "publishing" in parts else ())]
    cases += [
        lambda p=phase, a=asset, r=replace: kills.phase_kill(scene, p, a, replace=r)  # type: ignore[misc]
        for phase, asset, replace in kills.phase_cases(phases)
    ]
    if "inputs" in parts:
        cases += [
            lambda: inputs.bad_files(scratch),
            lambda: inputs.odd_names(scratch),
            lambda: inputs.empty_source(scratch),
            lambda: inputs.empty_shard(scratch),
            lambda: inputs.bad_settings(scratch, scene),
            lambda: inputs.two_runs(scratch, scene),
            *(lambda mb=mb: inputs.full_disk(scratch, scene, mb) for mb in inputs.FULL_MB),
            lambda: inputs.read_only(scratch, scene),
        ]
    return cases


def _said(outcome: Outcome) -> Outcome:
    print(
        f"{'ok  ' if outcome.ok else 'FAIL'} {outcome.wall_s:6.1f} s  {outcome.case}  {outcome.detail}",
        flush=True,
    )
    for fault in outcome.faults[:12]:
        print(f"        {fault}", flush=True)
    return outcome


def _table(outcomes: Sequence[Outcome]) -> str:
    return markdown(
        [
            {
                "case": o.case,
                "": o.detail,
                "s": round(o.wall_s, 1),
                "holds": o.ok,
                "faults": "; ".join(o.faults[:3]) or None,
            }
            for o in outcomes
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
