"""`python -m benchmarks.everything_process VIDEO [FOLDER]`: everything without a network, and key frames into FOLDER.

The worker that decodes starts while the rest is imported, as the commands on files do it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from animeflow.media.isolation import isolate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    arguments = parser.parse_args()
    isolate.prepare("animeflow.shots.signals:passes", "animeflow.media.key_frames:write_pictures")
    from benchmarks.everything import everything, key_frames

    tables = everything(arguments.video)
    if arguments.folder is not None:
        tables["key_frames"] = key_frames(arguments.video, tables, arguments.folder)
    print(", ".join(f"{name} {table.num_rows}" for name, table in tables.items()))


if __name__ == "__main__":
    main()
