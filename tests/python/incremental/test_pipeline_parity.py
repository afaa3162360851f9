"""The pipeline marts after any sequence of loads of both CRMs are those of a full refresh.

Random exports of Salesforce (new, late, corrected, deleted and restored rows, changed owners and stage flags), of
Pipedrive (see crm_simulator) and of every reference table go through the loader; some runs are killed half-way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.crm_simulator import Crm
from support.parity import PIPELINE_SELECTION, Warehouse, build
from support.reference_simulator import TABLES, References
from support.salesforce_simulator import Salesforce

SEQUENCES = 20


@pytest.fixture(scope="module")
def warehouse(databases, dbt, connect, load) -> Iterator[Warehouse]:
    database = databases.create()
    build(dbt, database)
    yield Warehouse(database, dbt, connect, load, **PIPELINE_SELECTION)
    databases.drop(database)


def play(warehouse: Warehouse, seed: int, folder: Path) -> int:
    """Play one sequence. Returns the rows in the states at its end; AssertionError on a difference."""
    warehouse.reset()
    crm = Salesforce(random.Random(seed))
    pipedrive = Crm(crm.rng)
    references = References(random.Random(-seed))
    for step in range(5):
        for _ in range(crm.rng.randint(2, 12)):
            crm.change()
            pipedrive.change()
        files = pipedrive.export(folder / f"{seed}-{step}-pipedrive")
        if crm.opportunities:
            files += crm.export(folder / f"{seed}-{step}")
        references.change()
        files += references.export(folder / f"{seed}-{step}-references")
        warehouse.load(files, "full")
        stop_after = (
            crm.rng.randrange(warehouse.replay.count_statements()) if crm.rng.random() < 0.2 else None
        )
        warehouse.replay.run(warehouse.connection, stop_after=stop_after)
        if stop_after is None:
            differences = warehouse.replay.differences(warehouse.connection)
            assert not differences, f"sequence {seed}, step {step}: {differences}"
    with warehouse.connection.cursor() as cursor:
        cursor.execute("select count(*) from dev_intermediate.int_opportunity_states")
        [(rows,)] = cursor.fetchall()
    warehouse.connection.rollback()  # or the next sequence waits for this one's lock
    return rows


def test_pipeline_marts_equal_full_refresh_after_every_run(warehouse, tmp_path):
    states = [play(warehouse, seed, tmp_path) for seed in range(SEQUENCES)]
    assert sum(states) > 5 * SEQUENCES


def test_the_simulators_change_every_staging_source(connect, database, tmp_path):
    crm, salesforce = Crm(random.Random(1)), Salesforce(random.Random(1))
    for _ in range(60):
        crm.change()
        salesforce.change()
    written = [
        path.name.lower() for path in [*crm.export(tmp_path / "p"), *salesforce.export(tmp_path / "s")]
    ]
    with connect(database).cursor() as cursor:
        cursor.execute("select file_name from raw.files")
        assert {name for (name,) in cursor.fetchall()} == {*written, *map(str.lower, TABLES)}
