"""A delta finds what it changes by an index, and the planner learns of it without a look at the whole table."""

from __future__ import annotations

import pytest

TASK = "Id,WhatId,Status\n"
CHANGES = [f"{day % 3},2024-01-{day:02} 10:00:00,stage_id,{day}" for day in range(1, 29)]


@pytest.mark.parametrize("index", ["salesforce_task_deal_key", "salesforce_task_id"])
def test_a_row_is_found_by_its_key_though_it_moved_to_another_deal(lab, index):
    """Of the index by deal alone, which the key lacks, nothing is to be asked."""
    others = ["salesforce_task_deal_key", "salesforce_task_id", "salesforce_task_loaded_at"]
    definitions = [
        lab.query("select pg_get_indexdef(%s::regclass)", f"raw.{name}") for name in others if name != index
    ]
    for name in others:
        if name != index:
            lab.query(f"drop index raw.{name}")
    try:
        lab.write("Task.csv", TASK + "t1,deal1,Open\nt2,deal1,Open\n")
        lab.loads()
        for version, deal in enumerate(("deal2", "deal3"), 2):
            lab.write("Task.csv", TASK + f"t1,{deal},Open\nt3,{deal},Open\n")
            batch = lab.loads("--mode", "delta")
            assert (batch["new"], batch["changed"]) == ((1, 1) if version == 2 else (0, 2))
        assert lab.versions("salesforce_task", "id", "whatid") == [
            ("t1", "deal1", 1, False),
            ("t1", "deal2", 2, False),
            ("t1", "deal3", 3, False),
            ("t2", "deal1", 1, False),
            ("t3", "deal2", 1, False),
            ("t3", "deal3", 2, False),
        ]
    finally:
        for [(definition,)] in definitions:
            lab.query(definition)


def test_a_change_comes_back_after_a_tombstone(lab):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(CHANGES[0], *CHANGES[2:])
    lab.loads()
    for expected in ("changed", "unchanged"):
        lab.changes(CHANGES[1])
        assert lab.loads("--mode", "delta")[expected] == 1
    assert lab.query("select max(_version) from raw.deal_changes where new_value = '2'") == [(3,)]


def test_statistics_of_all_columns_follow_a_table_that_grows_by_a_tenth(lab):
    def known_until() -> str:
        bounds = (
            "select (histogram_bounds::text::timestamptz[])[array_length(histogram_bounds, 1)]::date::text"
        )
        of = "from pg_stats where schemaname = 'raw' and tablename = 'deal_changes' and attname = 'change_time'"
        return lab.query(f"{bounds} {of}")[0][0]

    def known_loads() -> int:
        of = (
            "from pg_stats where schemaname = 'raw' and tablename = 'deal_changes' and attname = '_loaded_at'"
        )
        return lab.query(f"select array_length(most_common_vals::text::timestamptz[], 1) {of}")[0][0]

    lab.changes(*CHANGES)
    lab.loads()
    assert (known_until(), known_loads()) == ("2024-01-28", 1)
    lab.changes("7,2024-02-01 10:00:00,stage_id,1", "7,2024-02-01 11:00:00,stage_id,2")
    lab.loads("--mode", "delta")
    assert (known_until(), known_loads()) == ("2024-01-28", 2)
    lab.changes(*(f"8,2024-03-0{day} 10:00:00,stage_id,1" for day in range(1, 9)))
    lab.loads("--mode", "delta")
    assert (known_until(), known_loads()) == ("2024-03-08", 3)


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("Opportunity.csv", "Id,StageName,IsClosed,IsWon,SystemModstamp", "{},{},false,false,{}"),
        ("hubspot_deals.csv", "deal_id,dealstage,hs_lastmodifieddate", "{},{},{}"),
        ("deals.csv", "id,stage_id,update_time", "{},{},{}"),
    ],
)
def test_a_delta_after_a_later_one_takes_nothing_back(lab, name, header, row):
    def delta(*rows: tuple[int, int, str], mode: str = "delta") -> str:
        lab.write(name, "\n".join([header, *(row.format(*values) for values in rows)]))
        outcome = lab.run("--mode", mode)
        assert outcome.status == 0, outcome.err
        return outcome.err

    def stages() -> list[tuple]:
        [(table,)] = lab.query("select table_name from raw.files where file_name = %s", name.lower())
        key, stage = header.lower().split(",")[:2]
        newest = f"select distinct on ({key}) {stage} from raw.{table} order by {key}, _version desc"
        return [stage for (stage,) in lab.query(newest)]

    delta((1, 10, "2024-01-01"), (2, 10, "2024-01-01"), (3, 10, ""))
    later = delta((1, 30, "2024-03-01"), (2, 10, "2024-01-01"))
    told = delta((1, 20, "2024-02-01"), (2, 20, "2024-02-01"), (3, 20, "2024-02-01"), (4, 20, "2024-02-01"))
    assert stages() == ["30", "20", "20", "20"]
    assert "changed later at their source, so that they change nothing: 1;" in told
    assert "changed later" not in later
    assert lab.last_batch() == {
        "read": 4,
        "new": 1,
        "changed": 2,
        "deleted": 0,
        "unchanged": 1,
        "rejected": 0,
    }
    delta(
        (1, 25, "2024-02-02"),
        (2, 20, "2024-02-01"),
        (3, 20, "2024-02-01"),
        (4, 20, "2024-02-01"),
        mode="full",
    )
    assert stages()[0] == "25"  # a full export is the truth, older or not
