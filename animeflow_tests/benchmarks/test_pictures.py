"""How the board of the asset graph is laid out."""

from __future__ import annotations

from PIL import Image

from animeflow.tables.stages import GROUPS, STAGES
from benchmarks.pictures import GRAPH_WIDTH, NODES_IN_A_ROW, board, rows_of


def test_neighbours_share_a_row_while_they_fit_and_no_group_is_split() -> None:
    assert rows_of([1, 5, 3, 6, 1], 6) == [[0, 1], [2], [3], [4]]
    assert rows_of([], 6) == []


def test_no_group_is_wider_than_a_row() -> None:
    lengths = [sum(stage.group == group for stage in STAGES.values()) for group in GROUPS]
    assert max(lengths) <= NODES_IN_A_ROW


def test_every_node_of_every_group_is_on_the_board() -> None:
    lineage = Image.new("RGB", (3000, 900), (9, 9, 9))
    colours = [(200, 10 * number, 0) for number in range(9)]
    nodes = [Image.new("RGB", (500, 200), colour) for colour in colours]
    sheet = board(lineage, [("one", nodes[:1]), ("two", nodes[1:6]), ("three", nodes[6:])])
    assert sheet.width == GRAPH_WIDTH
    pixels = {colour for _, colour in sheet.getcolors(sheet.width * sheet.height) or ()}
    assert pixels >= {*colours, (9, 9, 9)}
