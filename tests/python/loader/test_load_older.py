"""An older export that is loaded after a newer one would undo the newer: a log is refused, other tables warn."""

from __future__ import annotations

import pytest

from support.raw_lab import USERS_HEADER

CHANGES = tuple(f"7,2024-01-{day:02} 10:00:00,stage_id,{day}" for day in range(1, 11))
HISTORY = "Id,OpportunityId,StageName,CreatedDate,IsDeleted\n"
FIELD_HISTORY = "OpportunityId,Field,OldValue,NewValue,CreatedDate\n"


def test_an_older_export_is_refused(lab):
    lab.changes(*CHANGES[:9])
    lab.loads()
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(*CHANGES[:9])
    error = lab.refused()
    assert "deal_changes.csv: looks older than what is loaded: it is the file that was loaded on" in error
    assert "add --accept-older if what it lacks is to be marked deleted" in error
    outcome = lab.run("--accept-older")
    assert outcome.status == 0
    assert "warning: deal_changes.csv: looks older than what is loaded" in outcome.err
    assert lab.last_batch()["deleted"] == 1


def test_a_file_that_was_loaded_before_is_older_even_if_its_end_is_not(lab):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(*CHANGES[1:])  # the first change was taken back in the CRM
    lab.loads()
    lab.changes(*CHANGES)
    assert "it is the file that was loaded on" in lab.refused()


@pytest.mark.parametrize("older", [CHANGES[:9], CHANGES[8::-1]])
def test_an_older_export_that_was_never_loaded_is_refused_by_its_last_row(lab, older):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(*older)
    assert "it has no new row, and lacks only rows that are later than all of its own" in lab.refused()
    assert lab.loads("--mode", "delta")["deleted"] == 0


def test_an_older_export_is_refused_though_a_row_of_it_was_deleted_since(lab):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(*CHANGES[1:])
    lab.loads()
    lab.changes(*CHANGES[:8])  # brings the deleted row back, which is no new one
    assert "it has no new row" in lab.refused()


def test_a_log_of_the_last_days_alone_is_refused_where_it_cuts_several_deals(lab):
    others = [change.replace("7,", "8,", 1) for change in CHANGES]
    lab.changes(*CHANGES[:9], *others[:9])
    lab.loads()
    lab.changes(*CHANGES[1:], *others[1:])
    error = lab.refused()
    assert "deal_changes.csv: begins later than what is loaded: it lacks 2 rows that are earlier" in error
    assert lab.loads("--mode", "delta")["deleted"] == 0
    lab.changes(*CHANGES[2:], *others[2:])
    assert lab.loads("--accept-older")["deleted"] == 4


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(CHANGES, id="the oldest deal is gone"),
        pytest.param(("6,2024-01-01 09:00:00,stage_id,1", *CHANGES[1:]), id="it begins as early"),
    ],
)
def test_what_a_deleted_deal_leaves_behind_cuts_nothing(lab, kept):
    lab.changes("6,2023-12-31 10:00:00,stage_id,0", "6,2024-01-01 09:00:00,stage_id,1", *CHANGES)
    lab.loads()
    lab.changes(*kept)
    assert lab.loads()["deleted"] == 2


def test_news_and_deletions_in_between_are_no_older_export(lab):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(*CHANGES[:4], *CHANGES[5:])
    assert lab.loads()["deleted"] == 1
    lab.changes(*CHANGES[:4], *CHANGES[5:9], "7,2024-01-08 11:00:00,stage_id,1")
    assert lab.loads()["deleted"] == 1
    assert lab.loads()["unchanged"] == 9


def test_the_newest_file_may_be_loaded_again_after_a_delta_without_news(lab):
    lab.changes(*CHANGES)
    lab.loads()
    lab.changes(CHANGES[0])
    lab.loads("--mode", "delta")
    lab.changes(*CHANGES)
    assert lab.loads()["unchanged"] == 10


@pytest.mark.parametrize(
    ("name", "header", "rows"),
    [
        (
            "OpportunityHistory.csv",
            HISTORY,
            [f"008{day},006A,New,2024-01-{day:02}T00:00:00Z,false" for day in range(1, 11)],
        ),
        (
            "OpportunityFieldHistory.csv",
            FIELD_HISTORY,
            [f"006A,Owner,005{day},005{day + 1},2024-01-{day:02}" for day in range(1, 11)],
        ),
    ],
)
def test_logs_of_salesforce_as_well(lab, name, header, rows):
    lab.write(name, header + "\n".join(rows))
    lab.loads()
    lab.write(name, header + "\n".join(rows[:9]))
    assert "it has no new row" in lab.refused()


def test_another_table_that_goes_back_is_loaded_with_a_warning(lab):
    for name in ("Ann", "Anna", "Ann"):
        lab.write("users.csv", USERS_HEADER + f"1,{name},,\n")
        outcome = lab.run()
        assert outcome.status == 0
    assert (
        "warning: users.csv: looks older than what is loaded: it is the file that was loaded on"
        in outcome.err
    )
    assert lab.versions("users", "name")[-1] == ("Anna", 2, False)
