"""`loaded_until` shows the marts as they stood after an earlier load: back and forth, in one set of schemas."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from support.definitions_lab import WITH_PARENTS, DefinitionsLab, World

ALL = ("+config.materialized:incremental", "+config.materialized:table")


@pytest.fixture
def lab(databases, dbt, connect, load, tmp_path, selected) -> Iterator[DefinitionsLab]:
    lab = DefinitionsLab(databases, dbt, connect, load, tmp_path, selected)
    yield lab
    lab.close()


def contents(lab: DefinitionsLab, suffix: str = "") -> dict[str, list[str]]:
    """Table → its rows as text, of every table of dbt's that keeps rows; when it was loaded is part of them."""
    tables = lab.query(
        "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
        f" and table_schema in ('dev_marts{suffix}', 'dev_intermediate{suffix}') order by 1, 2"
    )
    return {
        name: [
            row for (row,) in lab.query(f"select rows::text from {schema}.{name} as rows order by rows::text")
        ]
        for schema, name in tables
    }


@pytest.mark.parametrize(
    "selected", [WITH_PARENTS, pytest.param(ALL, marks=pytest.mark.nightly)], ids=["some", "all"]
)
def test_marts_travel_back_and_forth(lab, selected):
    world = World(random.Random(2))
    moments, lives = [], []
    for step in range(2):
        for _ in range(12):
            world.change()
        lab.load(world.export(lab.folder / str(step)))
        assert lab.run(*selected) is None
        lives.append(contents(lab))
        moments += [moment for (moment,) in lab.query("select max(_loaded_at)::text from raw.load_batches")]
    assert lives[0] != lives[1]
    for step in (0, 1, 0):
        assert lab.run(*selected, variables={"loaded_until": moments[step]}) is None
        travelled = contents(lab, "_as_of")
        assert travelled.keys() == lives[step].keys()
        differing = [name for name, rows in travelled.items() if rows != lives[step][name]]
        assert not differing, f"after travelling to load {step + 1}: {differing}"
