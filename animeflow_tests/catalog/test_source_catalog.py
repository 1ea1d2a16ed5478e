from animeflow.catalog.source_catalog import source_catalog
from animeflow.hubs.folder import FolderHub
from animeflow.settings.source import SourceSettings
from animeflow.source.completeness import catalog_row, completeness
from animeflow.source.units import list_units


def test_every_unit_has_a_row_with_its_completeness(tmp_path):
    for name in ("B/01.mkv", "A/01.mkv", "A/_SUCCESS"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    hub, settings = FolderHub(tmp_path), SourceSettings()
    units = list_units(hub, settings)
    rows = [catalog_row(unit, completeness(unit, hub, settings, now=0.0)) for unit in reversed(units)]
    table = source_catalog(rows).to_pylist()
    assert [(row["path"], row["complete"], row["complete_by"]) for row in table] == [
        ("A", True, "marker"),
        ("B", False, None),
    ]
    assert [row["ignored"] for row in table] == [1, 0]
    assert not any("time" in name or "changed" in name for name in table[0])
