"""A person who is forgotten: no clear text in any version of any raw table, nor in what later loads bring."""

from __future__ import annotations

import contextlib
import re

import psycopg2
import pytest

from conftest import environment
from loader import forget
from support.raw_lab import Lab, always_careful

USERS = ("7,Zelda Quint,zq@example.org,2024-01-01", "8,Bob Ray,bob@example.org,", "9,Zed,,")
MASKED_NAME = re.compile(r'"[^"]*[*]{3}[^"]*"')
FIELD_HISTORY = "OpportunityId,Field,OldValue,NewValue,CreatedDate\n"


@pytest.fixture
def lab(lab: Lab) -> Lab:
    lab.query("truncate raw.forgotten_people, raw.forgotten_texts")
    return lab


def run(server, lab: Lab, *arguments: str, role: str = "loader") -> int:
    with environment(server.environment(lab.database, role)):
        return forget.main(list(arguments))


def export(lab: Lab) -> None:
    """Every place in which a user's name can stand."""
    lab.users(*USERS)
    lab.changes(
        "1,2024-01-01,owner_name,Zelda Quint",
        "1,2024-01-02,lost_reason,zelda  quint <zq@example.org> did not call",
        "1,2024-01-03,note,Zelda Quintero called",
        "1,2024-01-04,owner_name,Zed",
        "1,2024-01-05,note,Zed called",
    )
    lab.write("fields.csv", 'id,field_key,name,field_value_options\n1,a,b,"[{""label"": ""Zelda Quint""}]"\n')
    lab.write(
        "OpportunityFieldHistory.csv",
        FIELD_HISTORY + "006A,Owner,Bob Ray,Zelda Quint,2024-01-01T00:00:00Z\n",
    )
    lab.write(
        "Opportunity.csv",
        "Id,Name,StageName,IsClosed,IsWon\n006A,Zelda Quint - New Business,New,false,false\n",
    )


def appended(lab: Lab) -> int:
    """Rows that the last load appended."""
    [(rows,)] = lab.query(
        "select sum(rows_new + rows_changed + rows_deleted) from raw.load_batches"
        " where _loaded_at = (select max(_loaded_at) from raw.load_batches)"
    )
    return rows


def everything(lab: Lab) -> str:
    """What stands in raw, and in the views over it that show names."""
    relations = [
        name
        for (name,) in lab.query(
            "select format('%I.%I', nspname, relname) from pg_class "
            "inner join pg_namespace on pg_namespace.oid = relnamespace "
            "where nspname in ('raw', 'named') and relkind in ('r', 'v')"
        )
    ]
    assert "named.owners" in relations
    return "\n".join(str(lab.query(f"select * from {name}")) for name in relations)


def kept(lab: Lab) -> list[list[tuple]]:
    """Of every row, what the loader says of it."""
    return [
        lab.query(f"select _loaded_at, _row_number, _version, _is_deleted from raw.{name} order by 1, 2, 3")
        for name in lab.tables
        if name not in ("load_batches", "rejected_rows")
    ]


def test_name_and_address_are_gone_from_every_version_and_place(lab, server):
    export(lab)
    lab.users(*USERS[1:], "7,Zelda Old,zelda.old@example.org,2023-01-01")
    lab.loads()
    export(lab)
    lab.users(*USERS, "7,Zelda Quint", "None,Zelda Quint")
    lab.loads("--max-rejects", "0.9")
    before, places = everything(lab), kept(lab)
    for text in (
        "Zelda Quint'",
        "Zelda Old",
        "zelda.old@example.org",
        "zq@example.org",
        "7,Zelda Quint",
        "None,Zelda Quint",
    ):
        assert text in before
    assert run(server, lab, "--crm", "pipedrive", "--id", "7") == 0
    after = everything(lab)
    assert kept(lab) == places  # the same rows of the same loads, so that time travel sees the same
    assert "Zelda" not in after.replace("Zelda Quintero", "")
    assert "zelda" not in after
    assert "zq@" not in after
    assert lab.versions("users", "id", "name", "email") == [
        ("7", "(forgotten)", "(forgotten)", 1, False),
        ("7", "(forgotten)", "(forgotten)", 2, False),
        ("8", "Bob Ray", "bob@example.org", 1, False),
        ("9", "Zed", None, 1, False),
    ]
    assert lab.query("select new_value from raw.deal_changes order by change_time") == [
        ("(forgotten)",),
        ("(forgotten) <(forgotten)> did not call",),
        ("Zelda Quintero called",),
        ("Zed",),
        ("Zed called",),
    ]
    assert lab.query("select oldvalue, newvalue from raw.salesforce_opportunity_field_history") == [
        ("Bob Ray", "(forgotten)")
    ]
    assert lab.query("select crm, person_id, forgotten_at is not null from raw.forgotten_people") == [
        ("pipedrive", "7", True)
    ]


@pytest.mark.parametrize("path", ["fast", "careful"])
def test_loading_the_same_export_again_appends_nothing(lab, server, path):
    export(lab)
    lab.loads()
    assert run(server, lab, "--crm", "pipedrive", "--id", "7") == 0
    before = everything(lab)
    with contextlib.nullcontext() if path == "fast" else always_careful():
        lab.loads()
    assert appended(lab) == 0
    assert "Zelda" not in everything(lab).replace("Zelda Quintero", "")
    assert run(server, lab, "--crm", "pipedrive", "--id", "7") == 0  # once more changes nothing
    assert before.count("(forgotten)") == everything(lab).count("(forgotten)")


def test_a_text_that_names_two_people_loses_both(lab, server):
    lab.users(*USERS)
    lab.changes("1,2024-01-01,note,Zelda Quint called Bob Ray")
    lab.loads()
    for person in ("7", "8"):
        assert run(server, lab, "--crm", "pipedrive", "--id", person) == 0
    assert "Bob Ray" not in everything(lab)
    lab.loads()
    assert appended(lab) == 0
    assert lab.query("select new_value from raw.deal_changes") == [("(forgotten) called (forgotten)",)]


def test_one_word_is_overwritten_only_where_a_log_has_set_it(lab, server):
    export(lab)
    lab.write("Account.csv", "Id,Name,Industry\n001A,Zed,Zed\n")
    lab.loads()
    assert run(server, lab, "--crm", "pipedrive", "--id", "9") == 0
    values = [value for (value,) in lab.query("select new_value from raw.deal_changes order by change_time")]
    assert values[3:] == ["(forgotten)", "Zed called"]
    assert lab.query("select name, industry from raw.salesforce_account") == [("Zed", "Zed")]
    lab.loads()
    assert appended(lab) == 0


def test_a_later_name_of_the_person_is_not_let_in(lab, server, monkeypatch):
    lab.users(*USERS)
    lab.loads()
    assert run(server, lab, "--crm", "pipedrive", "--id", "7") == 0
    lab.users(
        "7,Zelda New,zn@example.org,2025-01-01", *USERS[1:], "7,Zelda Newest", '"7",Zelda\xa0Newest,,today'
    )
    outcome = lab.run("--max-rejects", "0.9")
    assert outcome.status == 0, outcome.err
    assert "Zelda" not in everything(lab) + outcome.err
    assert lab.query(
        "select name, email, modified::date::text from raw.users where id = '7' order by _version desc limit 1"
    ) == [("(forgotten)", "(forgotten)", "2025-01-01")]


def test_people_stay_forgotten_when_the_table_is_loaded_for_the_first_time_again(lab, server, monkeypatch):
    from loader import typed_rows

    monkeypatch.setattr(typed_rows, "LARGE_BYTES", 0)
    lab.users(*USERS)
    lab.loads()
    assert run(server, lab, "--crm", "pipedrive", "--id", "7") == 0
    lab.query("truncate raw.users")
    lab.loads()
    assert lab.query("select name from raw.users order by id") == [("(forgotten)",), ("Bob Ray",), ("Zed",)]


def test_salesforce_user_by_its_own_id(lab, server):
    lab.write("User.csv", "Id,Name\n005A,Zelda Quint\n005B,Bob Ray\n")
    lab.users(*USERS)
    lab.loads()
    assert run(server, lab, "--crm", "salesforce", "--id", "005A") == 0
    assert lab.query("select id, name from raw.salesforce_user order by 1") == [
        ("005A", "(forgotten)"),
        ("005B", "Bob Ray"),
    ]
    assert lab.query("select name from raw.users where id = '7'") == [("Zelda Quint",)]  # of another CRM
    lab.loads()
    assert appended(lab) == 0


def test_a_hubspot_owner_wherever_the_export_names_him(lab, server):
    lab.write("hubspot_owners.csv", "owner_id,name,email\n51,Zelda Quint,zq@example.org\n52,Bob Ray,\n")
    lab.write("hubspot_deals.csv", "deal_id,closed_lost_reason\n1,Zelda Quint was ill\n")
    lab.write(
        "hubspot_deal_property_history.csv",
        "deal_id,property,value,timestamp\n1,closed_lost_reason,asked zq@example.org,2024-01-01T00:00:00Z\n",
    )
    lab.write("hubspot_deal_contacts.csv", "deal_id,contact_id,label\n1,7,friend of Zelda Quint\n")
    lab.loads()
    assert run(server, lab, "--crm", "hubspot", "--id", "51") == 0
    told = (
        "select name from raw.hubspot_owner union select closed_lost_reason from raw.hubspot_deal"
        " union select value from raw.hubspot_deal_property_history union select label from raw.hubspot_deal_contact"
    )
    assert {text for (text,) in lab.query(told)} == {
        "(forgotten)", "Bob Ray", "(forgotten) was ill", "asked (forgotten)", "friend of (forgotten)",
    }  # fmt: skip
    lab.loads()
    assert appended(lab) == 0


def test_unknown_person_is_refused_in_one_line(lab, server, capsys):
    lab.users(*USERS)
    lab.loads()
    assert run(server, lab, "--crm", "pipedrive", "--id", "77") == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line == "forget.py: error: raw.users has no id 77; nothing was changed"
    assert lab.query("select count(*) from raw.forgotten_people") == [(0,)]


@pytest.mark.parametrize("role", ["transformer", "reporter"])
def test_other_roles_cannot_forget(lab, server, role, capsys):
    lab.users(*USERS)
    lab.loads()
    assert run(server, lab, "--crm", "pipedrive", "--id", "7", role=role) == 1
    assert "denied" in capsys.readouterr().err
    connection = server.connect(lab.database, role)
    with (
        contextlib.closing(connection),
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("select * from raw.forgotten_texts")


def test_loader_cannot_write_who_is_forgotten(lab, server):
    connection = server.connect(lab.database, "loader")
    with (
        contextlib.closing(connection),
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("insert into raw.forgotten_people values ('pipedrive', '7', now())")


def marts(server, database: str) -> dict[str, list[str]]:
    """The rows of every mart as text, without the names."""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relnamespace = 'dev_marts'::regnamespace and relkind in ('r', 'v')"
        )
        contents = {}
        for (name,) in cursor.fetchall():
            cursor.execute(f"select to_jsonb(mart)::text from dev_marts.{name} as mart order by 1")
            contents[name] = sorted(MASKED_NAME.sub("", row) for (row,) in cursor.fetchall())
    return contents


@pytest.mark.nightly
def test_marts_hold_the_same_figures_afterwards(databases, sample_database, server, dbt):
    database = databases.create(template=sample_database)
    before = marts(server, database)
    with environment(server.environment(database, "loader")):
        assert forget.main(["--crm", "pipedrive", "--id", "1"]) == 0
        assert forget.main(["--crm", "salesforce", "--id", "0055g0000000001AAA"]) == 0
    dbt("run", database=database)
    incremental = marts(server, database)
    dbt("run --full-refresh", database=database)
    rebuilt = marts(server, database)
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select owner_name_masked from dev_marts.dim_owners where crm_source = 'pipedrive' and owner_id = '1'"
        )
        assert cursor.fetchone()[0].startswith("(")
    databases.drop(database)
    assert incremental == rebuilt
    assert before == rebuilt
