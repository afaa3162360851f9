"""A first draft of the settings file funnel_steps.csv, from the stages and outcomes that the exports hold.

It is for a person to change and to put among the exports; nothing reads it from where it is written.
"""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

from psycopg2.extensions import connection as Connection

QUERY = Path(__file__).with_suffix(".sql")
HEADER = (
    *("crm_source", "pipeline_id", "step_order", "funnel_step"),
    *("kpi_name", "event_type", "source_value", "parent_step"),
)


def write_draft(connection: Connection, path: Path) -> int:
    """Write the draft; the number of its steps. A step is named by its place, an outcome by itself."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY.read_text(encoding="utf-8"))
        rows = cursor.fetchall()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for pipeline, steps in groupby(rows, key=lambda row: row[:2]):
            for place, (_, _, name, event_type, value) in enumerate(steps, 1):
                step = place if event_type == "stage" else name
                writer.writerow([*pipeline, place, step, name, event_type, value, ""])
    return len(rows)
