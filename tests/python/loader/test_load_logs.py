"""Logs without an event id: equal rows of one moment are kept and numbered, and the order of a moment is the file's."""

from __future__ import annotations

import random
from contextlib import nullcontext

import pytest

from loader import typed_rows
from support.raw_lab import CHANGES_HEADER, Lab, always_careful

INSTANT = "1,2024-01-02 10:00:00,stage_id"
THERE_AND_BACK = [f"{INSTANT},2", f"{INSTANT},3", f"{INSTANT},2"]
OLD_VALUE_HEADER = "deal_id,change_time,changed_field_key,old_value,new_value\n"


def log(lab: Lab) -> list[tuple]:
    """(value, number among the equal ones) of the newest versions, in the order of the log."""
    return lab.query(
        "select new_value, _occurrence from (select distinct on (new_value, _occurrence) * from raw.deal_changes"
        " order by new_value, _occurrence, _version desc) as newest where not _is_deleted"
        " order by change_time, coalesce(_first_loaded_at, _loaded_at), _row_number"
    )


@pytest.mark.parametrize("way", ["direct", "fast", "careful"])
def test_equal_rows_of_one_moment_are_kept_in_their_order(lab, way, monkeypatch):
    if way == "direct":
        monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    lab.changes(*THERE_AND_BACK)
    with always_careful() if way == "careful" else nullcontext():
        assert lab.loads()["new"] == 3
    assert log(lab) == [("2", 1), ("3", 1), ("2", 2)]
    with always_careful() if way == "careful" else nullcontext():
        assert lab.loads()["unchanged"] == 3


def test_the_same_rows_in_another_order_append_nothing(lab):
    rows = [
        *THERE_AND_BACK,
        *(f"{INSTANT},{number % 4}" for number in range(12)),
        f"{INSTANT},",
        f"{INSTANT},",
    ]
    lab.changes(*rows)
    lab.loads()
    before = log(lab)
    shuffled = rows.copy()
    random.Random(7).shuffle(shuffled)
    lab.changes(*shuffled)
    assert lab.loads()["unchanged"] == len(rows)
    assert log(lab) == before


def test_one_of_two_equal_rows_fewer_deletes_the_second(lab):
    lab.changes(*THERE_AND_BACK)
    lab.loads()
    lab.changes(*THERE_AND_BACK[:2])
    assert lab.loads("--max-deleted", "0.5")["deleted"] == 1
    assert log(lab) == [("2", 1), ("3", 1)]
    assert lab.loads()["unchanged"] == 2


def test_a_row_that_comes_back_stands_where_it_first_stood(lab):
    lab.changes(*THERE_AND_BACK)
    lab.loads()
    lab.changes(f"{INSTANT},2", f"{INSTANT},2")
    lab.loads("--max-deleted", "0.5")
    lab.changes(f"{INSTANT},2", f"{INSTANT},2", f"{INSTANT},4", f"{INSTANT},3")
    lab.loads()
    assert log(lab) == [("2", 1), ("3", 1), ("2", 2), ("4", 1)]
    assert lab.query("select max(_version) from raw.deal_changes") == [(3,)]


def test_the_next_deal_moment_or_field_counts_anew(lab):
    lab.changes(
        f"{INSTANT},2", f"{INSTANT},2", "2,2024-01-02 10:00:00,stage_id,2", "1,2024-01-02 10:00:01,stage_id,2"
    )
    lab.loads()
    assert lab.query("select count(*) from raw.deal_changes where _occurrence = 2") == [(1,)]


def test_salesforce_field_history_keeps_equal_rows_too(lab):
    header = "OpportunityId,Field,OldValue,NewValue,CreatedDate\n"
    row = "006A,StageName,A,B,2024-01-02T10:00:00Z\n"
    lab.write("OpportunityFieldHistory.csv", header + row + row.replace("A,B", "B,A") + row)
    assert lab.loads()["new"] == 3
    assert lab.loads()["unchanged"] == 3
    assert lab.query("select max(_occurrence) from raw.salesforce_opportunity_field_history") == [(2,)]


def test_a_repeated_id_is_still_one_row(lab):
    lab.users("1,Ann,,", "1,Ann,,")
    batch = lab.loads()
    assert (batch["new"], batch["unchanged"]) == (1, 1)


@pytest.mark.parametrize(("repeats", "warned"), [(1, False), (2, True)])
def test_a_file_in_which_many_rows_repeat_warns_with_their_number(lab, repeats, warned):
    lab.changes(
        *(f"{number},2024-01-02,stage_id,1" for number in range(201 - repeats)),
        *(["1,2024-01-02,stage_id,1"] * repeats),
    )
    outcome = lab.run()
    assert outcome.status == 0
    found = "2 of 201 rows (1.0%) repeat an earlier row" in outcome.err
    assert found == warned, outcome.err


def test_a_rejected_row_spares_its_equals(lab):
    lab.changes(*(f"{INSTANT},2" for _ in range(3)), *(f"{n},2024-01-01,stage_id,1" for n in range(10, 20)))
    lab.loads()
    lab.changes(f"{INSTANT},2", f"{INSTANT},2,extra", *(f"{n},2024-01-01,stage_id,1" for n in range(10, 20)))
    batch = lab.loads("--max-rejects", "0.5")
    assert (batch["rejected"], batch["deleted"]) == (1, 0)


def test_the_old_value_is_kept_outside_the_key(lab):
    lab.write(
        "deal_changes.csv", OLD_VALUE_HEADER + "1,2024-02-03 10:00,stage_id,1,2\n1,2024-02-04,stage_id,2,3\n"
    )
    assert "stages" in lab.run().err
    assert lab.query("select old_value, new_value from raw.deal_changes order by 2") == [
        ("1", "2"),
        ("2", "3"),
    ]
    lab.write(
        "deal_changes.csv", OLD_VALUE_HEADER + "1,2024-02-03 10:00,stage_id,7,2\n1,2024-02-04,stage_id,2,3\n"
    )
    batch = lab.loads()
    assert (batch["changed"], batch["unchanged"]) == (1, 1)
    assert lab.query(
        "select old_value, _row_number, _version from raw.deal_changes where new_value = '2' order by 3"
    ) == [
        ("1", 1, 1),
        ("7", 1, 2),
    ]


def test_equal_rows_with_different_old_values_in_another_order_append_nothing(lab):
    rows = [f"1,2024-02-03 10:00,stage_id,{old},2\n" for old in ("1", "", "3", "1")]
    lab.write("deal_changes.csv", OLD_VALUE_HEADER + "".join(rows))
    assert lab.loads()["new"] == 4
    lab.write("deal_changes.csv", OLD_VALUE_HEADER + "".join(reversed(rows)))
    assert lab.loads()["unchanged"] == 4


def test_a_log_without_old_values_may_follow_one_with_them(lab):
    lab.write("deal_changes.csv", OLD_VALUE_HEADER + "1,2024-02-03 10:00,stage_id,1,2\n")
    lab.loads()
    lab.write("deal_changes.csv", CHANGES_HEADER + "1,2024-02-03 10:00,stage_id,2\n")
    assert lab.loads()["unchanged"] == 1
