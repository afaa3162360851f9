"""Columns that the setting funnel_dimensions names are kept in _extra: what is not loaded is lost for ever."""

from __future__ import annotations

import pytest

from support.raw_lab import USERS_HEADER, Lab

SETTING = "file_name,column_name,dimension\n"


def keep(lab: Lab, *columns: str, file: str = "users.csv") -> None:
    lab.write("funnel_dimensions.csv", SETTING + "".join(f'{file},"{name}",any\n' for name in columns))


def users(lab: Lab, header: str, *lines: str) -> None:
    lab.write("users.csv", f"id,name,{header}\n" + "".join(f"{line}\n" for line in lines))


def kept(lab: Lab, table: str = "users") -> list[tuple]:
    """(extra, version, whether gone) of every version, in order."""
    order = lab.query("select key_columns[1] from raw.files where table_name = %s", table)[0][0]
    return lab.query(f"select _extra, _version, _is_deleted from raw.{table} order by {order}, _version")


def test_named_columns_are_kept_in_the_load_that_names_them(lab):
    keep(lab, "Team", " region ", file=" Users.CSV ")
    users(lab, "email,modified,TEAM,Region,Shoe size", "1,Ann,,, Blue ,North,39", "2,Bo,,,,,")
    outcome = lab.run()
    assert outcome.status == 0, outcome.err
    assert "users.csv: columns not loaded: shoe size; funnel_dimensions.csv keeps" in outcome.err
    assert kept(lab) == [
        ({"team": "Blue", "region": "North"}, 1, False),
        ({"team": None, "region": None}, 1, False),
    ]
    assert lab.loads() == {"read": 2, "new": 0, "changed": 0, "deleted": 0, "unchanged": 2, "rejected": 0}


def test_a_changed_value_is_a_version_and_a_tombstone_keeps_what_was(lab):
    keep(lab, "team")
    users(lab, "email,modified,team", "1,Ann,,,Blue", "2,Bo,,,Red")
    lab.loads()
    users(lab, "email,modified,team", "1,Ann,,,")
    assert lab.loads("--max-deleted", "1")["changed"] == 1
    assert kept(lab) == [
        ({"team": "Blue"}, 1, False),
        ({"team": None}, 2, False),
        ({"team": "Red"}, 1, False),
        ({"team": "Red"}, 2, True),
    ]


def test_what_a_later_file_lacks_stays_and_is_said(lab):
    keep(lab, "team", "region")
    users(lab, "email,modified,team,region", "1,Ann,,,Blue,North")
    lab.loads()
    users(lab, "email,modified,region", "1,Ann,,,South")
    outcome = lab.run()
    assert "users.csv: has no column team, which funnel_dimensions.csv names for users.csv" in outcome.err
    users(lab, "email,modified", "1,Anna,,")
    lab.loads()
    lab.write("funnel_dimensions.csv", SETTING)
    users(lab, "email,modified,team", "1,Anne,,,Green")
    lab.loads()
    assert [extra for extra, *_ in kept(lab)] == [
        {"team": "Blue", "region": "North"},
        {"team": "Blue", "region": "South"},
        {"team": "Blue", "region": "South"},
        {"team": "Blue", "region": "South"},
    ]


def test_a_log_a_setting_in_an_earlier_load_and_several_parts(lab):
    keep(lab, "user_id", file="deal_changes.csv")
    lab.loads()
    (lab.folder / "funnel_dimensions.csv").unlink()
    lab.write(
        "deal_changes.csv",
        "deal_id,change_time,changed_field_key,new_value,user_id\n1,2024-01-01 00:00:00,stage_id,1,7\n",
    )
    lab.write(
        "deal_changes_2.csv.gz".removesuffix(".gz"),
        "user_id,other,deal_id,change_time,changed_field_key,new_value\n8,x,2,2024-01-01 00:00:00,stage_id,1\n",
    )
    lab.loads("--mode", "delta", path=lab.folder / "deal_changes.csv")
    lab.loads("--mode", "delta", path=lab.folder / "deal_changes_2.csv")
    assert kept(lab, "deal_changes") == [({"user_id": "7"}, 1, False), ({"user_id": "8"}, 1, False)]


@pytest.mark.parametrize(
    "name", ["_row", "_is_deleted", "extra 0", "a%s{}", "it's", "x" * 90, "Größe", "name_2"]
)
def test_a_column_may_have_any_name(lab, name):
    keep(lab, name)
    users(lab, f'email,modified,"{name}"', "1,Ann,,,true")
    lab.loads()
    assert kept(lab) == [({name.lower(): "true"}, 1, False)]
    assert lab.loads()["unchanged"] == 1


def test_a_column_that_the_loader_knows_and_one_that_stands_there_twice_are_not_kept(lab):
    keep(lab, "name", "team")
    users(lab, "email,modified,team,team", "1,Ann,,,Blue,Red")
    outcome = lab.run()
    assert outcome.status == 0, outcome.err
    assert kept(lab) == [(None, 1, False)]
    assert "has no column team" in outcome.err and "more than once: team" in outcome.err


def test_a_file_that_the_loader_does_not_know_is_said(lab):
    keep(lab, "team", file="user.xlsx")
    lab.write("users.csv", USERS_HEADER + "1,Ann,,\n")
    outcome = lab.run()
    assert outcome.status == 0
    assert "funnel_dimensions.csv: user.xlsx is no file that the loader knows" in outcome.err


def test_a_bad_row_is_rejected_with_its_place(lab):
    keep(lab, "team")
    users(lab, "email,modified,team", "1,Ann,,,Blue", "2,Bo,,yesterday,Red", "3,Cy,,,Bl\x00ue")
    outcome = lab.run("--max-rejects", "1")
    assert outcome.status == 0, outcome.err
    assert [(line, column) for line, column, *_ in lab.rejects()] == [(3, "modified"), (4, "team")]
    assert kept(lab) == [({"team": "Blue"}, 1, False)]


def test_what_is_kept_of_a_forgotten_person_goes_and_does_not_come_back(lab):
    keep(lab, "team")
    users(lab, "email,modified,team", "1,Ann Arbor,a@example.org,,Ann Arbor's", "2,Bo,,,of Ann Arbor")
    lab.loads()
    lab.query("select raw.forget_person('pipedrive', '1')")
    expected = [(None, 1, False), ({"team": "of (forgotten)"}, 1, False)]
    assert kept(lab) == expected
    assert lab.loads()["unchanged"] == 2
    assert kept(lab) == expected
    users(lab, "email,modified,team", "1,Ann Arbor,a@example.org,,Blue", "2,Bo,,,of Ann Arbor")
    lab.loads()
    assert kept(lab) == expected
