"""The graph as a whole: what is declared once, what importing it costs, and its snapshot."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from animeflow.definitions import defs
from animeflow.defs.declare import FAILED_VIDEOS
from animeflow.defs.partitions import SHARDS
from animeflow.tables.stages import STAGES, StageSpec
from animeflow_tests.defs import snapshot

GUARD = """
import socket, sys
def blocked(*args, **kwargs): raise AssertionError("a socket was opened at import")
socket.socket.__init__ = blocked
socket.create_connection = blocked
import animeflow.definitions
heavy = ("torch", "onnxruntime", "cv2", "transformers", "scenedetect", "av", "skia", "faster_whisper", "modelscope")
print([name for name in heavy if name in sys.modules])
"""


def test_importing_the_definitions_opens_no_socket_and_loads_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", GUARD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"


def test_the_graph_is_the_one_in_the_snapshot() -> None:
    assert snapshot.text() == snapshot.GRAPH.read_text(encoding="utf-8"), (
        "make snapshot, and review the difference"
    )


def test_every_stage_of_the_table_is_an_asset_and_nothing_else_is() -> None:
    graph = defs.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(STAGES)


@pytest.mark.parametrize("spec", STAGES.values(), ids=lambda spec: spec.name)
def test_an_asset_is_what_the_table_of_stages_declares(spec: StageSpec) -> None:
    node = defs.resolve_asset_graph().get(snapshot.dg.AssetKey(spec.name))
    assert node.group_name == spec.group
    assert {key.to_user_string() for key in node.parent_keys} == set(spec.inputs)
    assert node.code_version == spec.code_version
    assert node.description == spec.description
    assert node.owners and 1 <= len(node.kinds) <= 3
    assert node.partitions_def == (SHARDS if spec.partitioned else None)
    assert (node.pools or set()) == ({spec.pool} if spec.pool else set())
    if spec.partitioned:
        assert FAILED_VIDEOS in {check.name for check in node.check_keys}


def test_an_asset_function_stays_short_and_names_its_inputs() -> None:
    from animeflow.defs.assets import ASSETS

    for asset in ASSETS:
        function = asset.op.compute_fn.decorated_fn
        lines = inspect.getsource(function).splitlines()
        assert len(lines) <= 60, f"{function.__name__}: {len(lines)} lines"
        parameters = set(inspect.signature(function).parameters) - {"context", "stages"}
        for key in asset.keys:
            spec = STAGES[key.to_user_string()]
            assert parameters == (set(spec.inputs) if spec.partitioned else set()), function.__name__
