"""`make pictures`: docs/pictures/*.png from a finished workspace: reports, asset graph, an asset, a backfill.

    python -m benchmarks.pictures [--out workspace] [--only report|ui|backfill]

The backfill runs on a copy, so that the history of the workspace stays as it is.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from animeflow.report import build_report
from animeflow.tables.stages import GROUPS, STAGES
from animeflow.tables.workspace import Workspace
from benchmarks.chromium import Page, PageError, browser
from benchmarks.common import ROOT
from benchmarks.faults.workspaces import copy

PICTURES = ROOT / "docs" / "pictures"
BACKFILLED = ("flash", "statistics", "text", "kept_clips")
SHOWN_ASSET = "key_frames"
WINDOWS = ((1600, 1200), (2000, 1700), (2600, 2400))
SHARP = 1.5  # device px per CSS px of the graph
GRAPH_WIDTH = 2400  # of the picture; the names of assets are legible at this width
SERVER_S, BACKFILL_S = 120.0, 600.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "workspace", help="a finished workspace: make demo"
    )
    parser.add_argument("--only", choices=("report", "ui", "backfill"))
    options = parser.parse_args()
    workspace = Workspace(options.out.absolute())
    if not workspace.shards():
        sys.exit(f"{workspace.root} has no shard: run `make demo` first")
    with browser() as page:
        if options.only in (None, "report"):
            reports(page, workspace)
        if options.only in (None, "ui"):
            with server(workspace.root, daemon=False) as address:
                graph(page, address)
                asset(page, address, workspace.shards()[0])
        if options.only in (None, "backfill"):
            with tempfile.TemporaryDirectory(prefix="animeflow-pictures-") as scratch:
                target = copy(workspace.root, Path(scratch) / "workspace")
                with server(target, daemon=True) as address:
                    backfill(page, address, workspace.shards())
    for path in sorted(PICTURES.glob("*.png")):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")
    return 0


def reports(page: Page, workspace: Workspace) -> None:
    """The page of the first shard: its head, its layers, and on a phone, dark."""
    with tempfile.TemporaryDirectory(prefix="animeflow-pictures-") as folder:
        url = build_report(workspace, workspace.shards()[0], Path(folder) / "report.html").as_uri()
        ready = "document.querySelector('.figures dd') && document.querySelectorAll('.hist').length"
        page.look(width=1440, height=1100)
        page.open(url, until=ready)
        save(page, "report", clip=(0, 0, 1440, height_until(page, "#media", 1700)))
        top = number(page, "document.querySelector('#layers').getBoundingClientRect().top + scrollY")
        second = "(document.querySelectorAll('#layers .clip')[2] || document.querySelector('#annotation'))"
        bottom = number(page, f"{second}.getBoundingClientRect().top + scrollY")
        save(page, "report-layers", clip=(0, top, 1440, bottom - top))
        page.look(width=390, height=844, scale=2, phone=True, dark=True)
        page.open(url, until=ready)
        save(page, "report-phone", clip=(0, 0, 390, 1500), width=780)


def height_until(page: Page, selector: str, most: float) -> float:
    """Height of the page above an element, at most `most` px."""
    return min(
        most, number(page, f"document.querySelector('{selector}').getBoundingClientRect().top + scrollY")
    )


def number(page: Page, expression: str) -> float:
    value = page.value(expression)
    if not isinstance(value, int | float):
        raise PageError(f"{expression} is {value!r}")
    return float(value)


def graph(page: Page, address: str) -> None:
    """The lineage of the groups, and below it the nodes of each group: all of them at once are legible to nobody."""
    page.look(width=1840, height=1000)
    page.open(f"{address}/asset-groups", until="document.querySelector('[aria-label=\"unfold_more\"]')")
    time.sleep(2)  # the layout is computed in a worker; nothing in the page says that it stands
    boxes = node_boxes(page, GROUPS, right_of=450, high=16)
    edges = [
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    ]
    lineage = clipped(page, edges, margin=24)
    groups = [(group, group_nodes(page, address, group)) for group in GROUPS]
    write(board(lineage, groups), "graph", width=GRAPH_WIDTH)


def group_nodes(page: Page, address: str, group: str) -> list[Image.Image]:
    """The nodes of a group. Those outside the window do not exist in the page, so it grows until all are there."""
    names = tuple(stage.name for stage in STAGES.values() if stage.group == group)
    for width, height in WINDOWS:
        page.look(width=width, height=height)
        page.open(f"{address}/locations/animeflow/asset-groups/{group}", until=shows("Latest event"))
        time.sleep(2.5)
        try:
            boxes = node_boxes(page, names, right_of=230, high=90)
        except PageError:
            continue
        if max(box[3] for box in boxes) < height - 8:
            return [clipped(page, box, margin=3) for box in boxes]
    raise PageError(f"the nodes of {group} do not fit into {WINDOWS[-1]}")


NODES = """
(names => names.map(name => Array.from(document.querySelectorAll('*'))
  .filter(e => !e.children.length && e.textContent.trim() === name && e.getBoundingClientRect().left > %d)
  .map(e => {
    let box = e;
    const small = () => { const r = box.getBoundingClientRect(); return r.width < 120 || r.height < %d; };
    while (box.parentElement && small()) box = box.parentElement;
    const r = box.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom];
  }).filter(b => b[2] - b[0] < 420)[0]).filter(Boolean))(%s)
"""


def node_boxes(page: Page, names: tuple[str, ...], *, right_of: int, high: int) -> list[list[float]]:
    """left, top, right, bottom of the nodes with these names, each at least `high` px."""
    boxes = page.value(NODES % (right_of, high, json.dumps(list(names))))
    if not boxes or len(boxes) < len(names):
        raise PageError(f"{len(boxes or [])} of {len(names)} nodes are in the graph: {', '.join(names)}")
    return [list(map(float, box)) for box in boxes]


def clipped(page: Page, box: list[float], *, margin: float) -> Image.Image:
    """A part of the window."""
    left, top, right, bottom = box
    with tempfile.TemporaryDirectory() as folder:
        clip = (left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin)
        path = page.picture(Path(folder) / "part.png", clip=clip, scale=SHARP)
        return Image.open(io.BytesIO(path.read_bytes())).convert("RGB")


def board(lineage: Image.Image, groups: list[tuple[str, list[Image.Image]]], gap: int = 24) -> Image.Image:
    """The lineage on top, below it a row per group with its nodes."""
    title = ImageFont.load_default(int(17 * SHARP))
    label = int(150 * SHARP)
    width = max(lineage.width, *(label + sum(node.width + gap for node in nodes) for _, nodes in groups))
    height = lineage.height + gap + sum(max(node.height for node in nodes) + gap for _, nodes in groups)
    sheet = Image.new("RGB", (width, height), "white")
    sheet.paste(lineage, ((width - lineage.width) // 2, 0))
    draw, y = ImageDraw.Draw(sheet), lineage.height + gap
    for name, nodes in groups:
        draw.line((0, y - gap // 2, width, y - gap // 2), fill=(226, 228, 233))
        draw.text((8, y + 8), name, fill=(30, 34, 42), font=title)
        x = label
        for node in nodes:
            sheet.paste(node, (x, y))
            x += node.width + gap
        y += max(node.height for node in nodes) + gap
    return sheet


def asset(page: Page, address: str, shard: str) -> None:
    """One asset with the preview of its latest materialisation."""
    page.look(width=1500, height=1240)
    page.open(f"{address}/assets/{SHOWN_ASSET}?view=partitions&partition={shard}", until=shows("pictures"))
    press(page, "[Show Markdown]")
    page.wait(
        "document.querySelector('[role=dialog] img, .bp5-dialog img, .bp4-dialog img, img[src^=\"data:image\"]')"
    )
    time.sleep(1)
    save(page, "asset", width=1500)


def backfill(page: Page, address: str, shards: list[str]) -> None:
    """A backfill of some stages over all shards, from its launch to its end."""
    launched = query(
        address,
        "mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) "
        "{ __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
        {"p": {"assetSelection": [{"path": [name]} for name in BACKFILLED], "partitionNames": shards}},
    )["launchPartitionBackfill"]
    if "backfillId" not in launched:
        raise PageError(f"the backfill was refused: {launched}")
    await_backfill(address, launched["backfillId"])
    page.look(width=1500, height=760)
    page.open(f"{address}/runs/b/{launched['backfillId']}?tab=partitions", until=shows(BACKFILLED[-1]))
    time.sleep(1)
    save(page, "backfill", width=1500)


def await_backfill(address: str, backfill_id: str) -> None:
    end, status = time.monotonic() + BACKFILL_S, ""
    while time.monotonic() < end:
        answer = query(
            address,
            "query($i: String!) { partitionBackfillOrError(backfillId: $i) { ... on PartitionBackfill { status } } }",
            {"i": backfill_id},
        )
        status = answer["partitionBackfillOrError"].get("status", "")
        if status == "COMPLETED_SUCCESS":
            return
        if status.startswith(("FAILED", "COMPLETED_FAILED", "CANCELED")):
            break
        time.sleep(2)
    raise PageError(f"the backfill is {status}")


def query(address: str, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The data of a GraphQL answer."""
    body = json.dumps({"query": text, "variables": variables}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        data = json.load(answer)
    if data.get("errors"):
        raise PageError(str(data["errors"][0]["message"]))
    return dict(data["data"])


def shows(text: str) -> str:
    return f"document.body.innerText.includes({json.dumps(text)})"


def press(page: Page, text: str) -> None:
    """Click the innermost element with this text."""
    page.value(
        "(() => { const e = Array.from(document.querySelectorAll('a,button,div,span,li')).filter(x => "
        f"x.innerText?.trim().startsWith({json.dumps(text)})).at(-1); e?.click(); return Boolean(e); }})()"
    )
    time.sleep(0.5)


def save(
    page: Page, name: str, *, clip: tuple[float, float, float, float] | None = None, width: int = 1440
) -> None:
    """A picture of the page, of at most `width` px."""
    path = page.picture(PICTURES / f"{name}.png", clip=clip)
    write(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"), name, width=width)


def write(image: Image.Image, name: str, *, width: int) -> None:
    """As PNG with few colours: the repository carries it."""
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    PICTURES.mkdir(parents=True, exist_ok=True)
    few = image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(PICTURES / f"{name}.png", optimize=True)


@contextmanager
def server(root: Path, *, daemon: bool) -> Iterator[str]:
    """The Dagster web server on a workspace; with the daemon where runs are to be started."""
    from animeflow.defs.instances import prepare_home

    home = prepare_home(Workspace(root))
    port = free_port()
    common = ["-w", str(home / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    command = (
        [sys.executable, "-m", "dagster", "dev", *common]
        if daemon
        else [str(Path(sys.executable).with_name("dagster-webserver")), *common, "--read-only"]
    )
    environment = {
        "DAGSTER_HOME": str(home),
        "ANIMEFLOW_WORKSPACE": str(root),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    process = subprocess.Popen(
        command, cwd=home, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        await_server(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def await_server(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SERVER_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise PageError("the web server did not start")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
