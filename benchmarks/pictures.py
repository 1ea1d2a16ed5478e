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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from animeflow.report import build_report
from animeflow.tables.stages import GROUPS, STAGES
from animeflow.tables.workspace import Workspace
from benchmarks.chromium import WAIT_S, Page, PageError, browser
from benchmarks.common import ROOT
from benchmarks.faults.workspaces import copy

PICTURES = ROOT / "docs" / "pictures"
BACKFILLED = ("flash", "statistics", "text", "kept_clips")
SHOWN_ASSET = "key_frames"
# Dagster zooms out until a graph fits, then leaves the details of its nodes out, and creates no node that is
# outside the window. In this one every graph stands in its full size, clear of the header.
WINDOW_WIDTH, WINDOW_HEIGHT = 3800, 2600
NODES_IN_A_ROW = 6  # the most that a group has: measures
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
    # a server outlives a process that a signal ends at once
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
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


# Two of the kept clips are enough for a picture: the first with a character, each at the middle of its drawings. The
# number of clips left is the value.
TWO_CLIPS = """
(() => {
  const clips = Array.from(document.querySelectorAll('#layers .clip'));
  const two = clips.filter(clip => clip.innerText.includes('instances')).slice(0, 2);
  clips.filter(clip => !two.includes(clip)).forEach(clip => clip.remove());
  two.forEach(clip => { const cells = clip.querySelectorAll('.sheet button'); cells[cells.length >> 1]?.click(); });
  return two.length;
})()
"""


def reports(page: Page, workspace: Workspace) -> None:
    """The page of the first shard: its head, its layers, and on a phone, dark."""
    with tempfile.TemporaryDirectory(prefix="animeflow-pictures-") as folder:
        url = build_report(workspace, workspace.shards()[0], Path(folder) / "report.html").as_uri()
        ready = "document.querySelector('.figures dd') && document.querySelectorAll('.hist').length"
        page.look(width=1440, height=1100)
        page.open(url, until=ready)
        save(page, "report", clip=(0, 0, 1440, height_until(page, "#media", 1700)))
        if not page.value(TWO_CLIPS):
            raise PageError("no clip of the report shows a character")
        top = number(page, "document.querySelector('#layers').getBoundingClientRect().top + scrollY")
        bottom = number(page, "document.querySelector('#annotation').getBoundingClientRect().top + scrollY")
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
    page.look(width=WINDOW_WIDTH, height=WINDOW_HEIGHT)
    page.open(f"{address}/asset-groups", until=" && ".join(shows(group) for group in GROUPS))
    boxes = settled_boxes(page, GROUPS, right_of=450, high=40)
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    lineage = clipped(page, [min(lefts), min(tops), max(rights), max(bottoms)], margin=24)
    sheet = board(lineage, [(group, group_nodes(page, address, group)) for group in GROUPS])
    write(sheet.quantize(256, dither=Image.Dither.NONE), "graph")  # flat colours: half the bytes


def group_nodes(page: Page, address: str, group: str) -> list[Image.Image]:
    """The nodes of a group, in the order of its declarations."""
    names = tuple(stage.name for stage in STAGES.values() if stage.group == group)
    ready = [shows(name) for name in (*names, "Latest event")]
    page.open(f"{address}/locations/animeflow/asset-groups/{group}", until=" && ".join(ready))
    boxes = settled_boxes(page, names, right_of=230, high=90)
    return [clipped(page, box, margin=3, scale=1.25) for box in boxes]


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


BUSY = "['Loading', 'fetching statuses'].some(text => document.body.innerText.includes(text))"


def settled_boxes(page: Page, names: tuple[str, ...], *, right_of: int, high: int) -> list[list[float]]:
    """Boxes of the nodes once they stand still: a worker computes the layout, and nothing in the page says when."""
    end, last = time.monotonic() + WAIT_S, None
    problem = PageError("the nodes never stood still")
    while time.monotonic() < end:
        try:
            boxes = node_boxes(page, names, right_of=right_of, high=high)
        except PageError as error:
            boxes, problem = None, error
        if boxes is not None and boxes == last and not page.value(BUSY):
            return boxes
        last = boxes
        time.sleep(1.5)
    raise problem


def clipped(page: Page, box: list[float], *, margin: float, scale: float = 1.0) -> Image.Image:
    """A part of the window, drawn `scale` times as large."""
    left, top, right, bottom = box
    with tempfile.TemporaryDirectory() as folder:
        clip = (left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin)
        path = page.picture(Path(folder) / "part.png", clip=clip, scale=scale)
        return Image.open(io.BytesIO(path.read_bytes())).convert("RGB")


def board(lineage: Image.Image, groups: list[tuple[str, list[Image.Image]]], gap: int = 20) -> Image.Image:
    """The lineage over the whole width, below it the nodes under the names of their groups."""
    lineage = narrowed(lineage, GRAPH_WIDTH)
    cell = (GRAPH_WIDTH - gap) // NODES_IN_A_ROW
    groups = [(name, [narrowed(node, cell - gap) for node in nodes]) for name, nodes in groups]
    title, title_height = ImageFont.load_default(26), 46
    row_height = title_height + gap + max(node.height for _, nodes in groups for node in nodes)
    rows = rows_of([len(nodes) for _, nodes in groups], NODES_IN_A_ROW)
    sheet = Image.new("RGB", (GRAPH_WIDTH, lineage.height + gap + len(rows) * row_height), "white")
    sheet.paste(lineage, ((GRAPH_WIDTH - lineage.width) // 2, 0))
    draw = ImageDraw.Draw(sheet)
    for row, members in enumerate(rows):
        column, y = 0, lineage.height + gap + row * row_height
        for name, nodes in (groups[number] for number in members):
            x = gap + column * cell
            draw.text((x, y + 8), name, fill=(30, 34, 42), font=title)
            draw.line((x, y + 42, x + len(nodes) * cell - gap, y + 42), fill=(200, 203, 210), width=2)
            for node in nodes:
                sheet.paste(node, (gap + column * cell, y + title_height + 6))
                column += 1
    return sheet


def rows_of(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Numbers of neighbours that fit into a row together, in order; a group is never split."""
    rows: list[list[int]] = []
    room = 0
    for number, length in enumerate(lengths):
        if length > room or not rows:
            rows.append([])
            room = most
        rows[-1].append(number)
        room -= length
    return rows


def narrowed(image: Image.Image, width: int) -> Image.Image:
    """At most `width` px wide."""
    if image.width <= width:
        return image
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


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
    page.look(width=1500, height=640)
    ready = [shows(text) for text in (*BACKFILLED, *shards, "Succeeded", "100% completed")]
    page.open(f"{address}/runs/b/{launched['backfillId']}?tab=overview", until=" && ".join(ready))
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
    write(narrowed(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"), width), name)


def write(image: Image.Image, name: str) -> None:
    """As PNG in its own colours: 256 are too few for a page with pictures, and turn pink hair brown."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    image.save(PICTURES / f"{name}.png", optimize=True)


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
