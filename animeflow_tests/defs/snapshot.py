"""The graph as text, one line per asset: `python -m animeflow_tests.defs.snapshot` writes graph.txt anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

GRAPH = Path(__file__).with_name("graph.txt")


def lines(definitions: dg.Definitions) -> Iterator[str]:
    """Key, group, dependencies, partitions, checks, pool, kinds; then jobs, sensors and schedules."""
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.to_user_string()):
        node = graph.get(key)
        deps = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys)) or "-"
        checks = ", ".join(
            sorted(f"{check.name}{'!' if _blocks(definitions, check) else ''}" for check in node.check_keys)
        )
        partitions = getattr(node.partitions_def, "name", None) or "-"
        pools = ", ".join(sorted(node.pools or ())) or "-"
        yield (
            f"{key.to_user_string():<20} | {node.group_name:<10} | {partitions:<5} | {pools:<8} | "
            f"{', '.join(sorted(node.kinds)):<14} | {checks or '-'} | <- {deps}"
        )
    repository = definitions.get_repository_def()
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            names = sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            yield f"job {job.name:<16} | {', '.join(names)}"
    for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name):
        yield f"sensor {sensor.name:<13} | job {sensor.job_name}"
    for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name):
        yield f"schedule {schedule.name} | job {schedule.job_name} | {schedule.cron_schedule}"


def _blocks(definitions: dg.Definitions, check: dg.AssetCheckKey) -> bool:
    spec = definitions.resolve_asset_graph().get_check_spec(check)
    return bool(spec.blocking)


def text() -> str:
    """The whole snapshot."""
    from animeflow.definitions import defs

    head = "# asset | group | partitions | pool | kinds | checks (! blocks) | <- dependencies\n"
    return head + "\n".join(lines(defs)) + "\n"


if __name__ == "__main__":
    GRAPH.write_text(text(), encoding="utf-8")
