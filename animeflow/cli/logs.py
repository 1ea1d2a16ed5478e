"""Log records of the command: lines on stderr, and one JSON object per record in a file."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

OURS = "animeflow"
RUN_LOGGER = "animeflow.run"  # what the terminal shows anyway: only the file gets these records
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class JsonLines(logging.Formatter):
    """One JSON object per record: time (UTC), level, logger, message, and the stack of an error."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["stack"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up_logging(*, verbose: int, quiet: bool, json_file: Path | None) -> None:
    """Our own records to stderr (warnings; with -v all, with -q errors), and to a JSON file where one is named."""
    logger = logging.getLogger(OURS)
    logger.setLevel(logging.DEBUG)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    terminal = logging.StreamHandler()
    terminal.setLevel(
        logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    )
    terminal.addFilter(lambda record: record.name != RUN_LOGGER)
    terminal.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.addHandler(terminal)
    if json_file is not None:
        add_json_file(json_file)


def add_json_file(path: Path, *, level: str = "debug") -> None:
    """Also write our records as JSON lines to `path` (appended)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setLevel(LEVELS[level])
    handler.setFormatter(JsonLines())
    logging.getLogger(OURS).addHandler(handler)
