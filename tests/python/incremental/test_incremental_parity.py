"""After any sequence of loads an incremental run leaves every mart identical to its full refresh.

Random sequences of loads (new, late, out of order, duplicated, corrected, deleted and restored rows; several loads
between runs; runs killed half-way; everything loaded again) go through the real loader and dbt's own SQL. A failing
sequence prints what it did and its seed:

    SALES_FUNNEL_PARITY_SEED=17 make test           plays sequence 17 alone
    SALES_FUNNEL_PARITY_SEQUENCES=5000 make test    plays more than the default 60
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from support.parity import PIPELINE, Warehouse, build, play

SEQUENCES = int(os.environ.get("SALES_FUNNEL_PARITY_SEQUENCES", "60"))
ONLY_SEED = os.environ.get("SALES_FUNNEL_PARITY_SEED")
SEEDS = [int(ONLY_SEED)] if ONLY_SEED else range(SEQUENCES)


@pytest.fixture(scope="module")
def warehouse(databases, dbt, connect, load) -> Iterator[Warehouse]:
    database = databases.create()
    build(dbt, database, exclude=PIPELINE)
    yield Warehouse(database, dbt, connect, load)
    databases.drop(database)


def test_incremental_marts_equal_full_refresh_after_every_run(warehouse, tmp_path):
    compared = sum(play(seed, warehouse, tmp_path) for seed in SEEDS)
    print(f"\nparity: {len(SEEDS)} sequences, {compared} incremental runs compared with a full refresh")
    assert compared >= len(SEEDS)
