"""Values of Pipedrive's API as they stand in the exports: as text, in one way for both of its versions."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


def pick(row: Row, *names: str) -> str:
    """The first of these columns that has a value, as text; empty where none has."""
    return next((text(row[name]) for name in names if row.get(name) is not None), "")


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number(repr(value))
    if isinstance(value, dict) and ("value" in value or "id" in value):
        return text(
            value.get("value", value.get("id"))
        )  # v1 gives a user with name and address in place of an id
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def number(written: str) -> str:
    """Without zeros at its end, as the deal itself has it."""
    written = format(Decimal(written), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def instant(written: str) -> str:
    """A time with its offset: those of v1 have none and are in UTC. What is no time stays, for the loader to name."""
    try:
        read = datetime.fromisoformat(written.strip().replace("Z", "+00:00"))
        read = read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return written
    return read.isoformat().replace("+00:00", "Z")
