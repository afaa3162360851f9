"""What each role can and cannot do, proved by connecting as it; and where personal data ends.

Clear text of names and e-mails stays in the schema raw, which only loader and transformer may read, and in views over
it in the schema named, which only reporter_named may: everything built above raw holds masked values.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import errors, sql

from support.sessions import run

MARTS, SEEDS = "dev_marts", "dev_reference"
LAYERS = ("dev_staging", "dev_intermediate", MARTS, SEEDS, "dev_monitoring")


@pytest.fixture(scope="module")
def built(databases, sample_database) -> Iterator[str]:
    """A copy of the sample that these tests may change."""
    name = databases.create(template=sample_database)
    yield name
    databases.drop(name)


def list_relations(server, database: str, *schemas: str) -> list[tuple[str, str]]:
    return run(
        server,
        database,
        "postgres",
        "select nspname, relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace "
        f"where relkind in ('r', 'v') and nspname in ({', '.join(repr(schema) for schema in schemas)}) order by 1, 2",
    )


# --- reporter ----------------------------------------------------------------------------------------------------


def test_reporter_reads_every_mart_and_seed(server, built):
    assert len(list_relations(server, built, MARTS)) >= 10
    assert len(list_relations(server, built, SEEDS)) >= 10
    for schema, name in list_relations(server, built, MARTS, SEEDS):
        run(server, built, "reporter", f'select * from "{schema}"."{name}" limit 1')


def test_reporter_reads_nothing_else(server, built):
    others = list_relations(server, built, "raw", *(layer for layer in LAYERS if layer not in (MARTS, SEEDS)))
    assert len(others) >= 25
    for schema, name in others:
        with pytest.raises(errors.InsufficientPrivilege):
            run(server, built, "reporter", f'select 1 from "{schema}"."{name}" limit 1')


WRITES = {
    "insert": f"insert into {MARTS}.dim_months select * from {MARTS}.dim_months",
    "update": f"update {MARTS}.rep_sales_funnel_monthly set deals_count = 0",
    "delete": f"delete from {MARTS}.rep_sales_funnel_monthly",
    "truncate": f"truncate {MARTS}.rep_sales_funnel_monthly",
    "drop": f"drop table {MARTS}.rep_sales_funnel_monthly",
    "comment": f"comment on table {MARTS}.rep_sales_funnel_monthly is 'mine'",
    "create table": f"create table {MARTS}.mine (n integer)",
    "create schema": "create schema mine",
    "create temporary table": "create temporary table mine (n integer)",
    "create in public": "create table public.mine (n integer)",
    "become the transformer": "set role transformer",
    "write files": f"copy {MARTS}.dim_months to '/tmp/mine.csv'",
    "run programs": f"copy {MARTS}.dim_months to program 'cat'",
    "read passwords": "select * from pg_authid",
    "change other roles": "alter role loader nologin",
}


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES)
def test_reporter_writes_nothing_even_after_switching_read_only_off(server, built, statement):
    # read_only is a default that a session may change: the privileges have to hold by themselves.
    with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)) as refused:
        run(server, built, "reporter", "set default_transaction_read_only = off", statement)
    assert "read-only" not in str(refused.value)


def test_reporter_is_read_only_and_limited_by_default(server, built):
    [(read_only, timeout)] = run(
        server,
        built,
        "reporter",
        "select current_setting('default_transaction_read_only'), current_setting('statement_timeout')",
    )
    assert (read_only, timeout) == ("on", "1min")


def test_long_statements_of_the_reporter_are_cut(server, built):
    # The same setting as in init.sql, shortened for this database, so that the test need not wait a minute.
    shorten = sql.SQL("alter role reporter in database {} set statement_timeout = '300ms'").format(
        sql.Identifier(built)
    )
    with contextlib.closing(server.connect(built)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(shorten)
    with pytest.raises(errors.QueryCanceled, match="statement timeout"):
        run(
            server,
            built,
            "reporter",
            f"select count(*) from {MARTS}.dim_deals, {MARTS}.dim_deals as b, pg_sleep(20)",
        )


# --- reporter_named ----------------------------------------------------------------------------------------------


def test_only_reporter_named_reads_names(server, built):
    names = "select count(*), count(owner_name) from named.owners"
    [(owners, named)] = run(server, built, "reporter_named", names)
    assert owners == named > 100
    for role in ("reporter", "transformer", "loader"):
        with pytest.raises(errors.InsufficientPrivilege):
            run(server, built, role, names)


def test_names_are_of_the_owners_of_the_marts(server, built):
    both = f"""
        select count(*), count(owner_name), count(*) filter (where left(owner_name, 1) <> left(owner_name_masked, 1))
        from {MARTS}.dim_owners
        full join named.owners using (crm_source, owner_id)
        where owner_id <> 'Unknown'"""
    [(owners, named, others)] = run(server, built, "reporter_named", both)
    assert (owners, others) == (named, 0)


def test_reporter_named_reads_the_marts_as_reporter_does_and_no_more(server, built):
    run(server, built, "reporter_named", f"select 1 from {MARTS}.rep_sales_funnel_monthly limit 1")
    for refused in (
        "select 1 from raw.users",
        "select 1 from dev_staging.stg_pipedrive__users",
        "create view named.mine as select 1 as n",
        f"delete from {MARTS}.rep_sales_funnel_monthly",
        "create temporary table mine (n integer)",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            run(server, built, "reporter_named", "set default_transaction_read_only = off", refused)
    limits = "select current_setting('default_transaction_read_only'), current_setting('statement_timeout')"
    assert run(server, built, "reporter_named", limits) == [("on", "1min")]


def test_readers_find_marts_without_naming_the_schema(server, built):
    for role in ("reporter", "reporter_named"):
        assert run(server, built, role, "select count(*) > 0 from dim_months, channels") == [(True,)]


# --- loader and transformer --------------------------------------------------------------------------------------

LOADER_CANNOT = {
    "update raw": "update raw.users set name = ''",
    "delete from raw": "delete from raw.deal_changes",
    "truncate raw": "truncate raw.activity",
    "drop raw": "drop table raw.stages",
    "alter raw": "alter table raw.stages add column mine text",
    "create in raw": "create table raw.mine (n integer)",
    "say what is loaded where": "insert into raw.files values ('mine.csv', 'mine', '{id}', '{}', '')",
    "hide indexes": "insert into raw.parked_definitions values ('users', 'drop table raw.users')",
    "read marts": f"select 1 from {MARTS}.rep_sales_funnel_monthly",
    "read staging": "select 1 from dev_staging.stg_pipedrive__users",
    "create schemas": "create schema mine",
    "become the transformer": "set role transformer",
}


@pytest.mark.parametrize("statement", LOADER_CANNOT.values(), ids=LOADER_CANNOT)
def test_loader_cannot(server, built, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        run(server, built, "loader", statement)


TRANSFORMER_CANNOT = {
    "insert into raw": "insert into raw.users (id, name) values ('0', 'mine')",
    "update raw": "update raw.users set name = ''",
    "delete from raw": "delete from raw.deal_changes",
    "truncate raw": "truncate raw.activity",
    "drop raw": "drop table raw.stages cascade",
    "create in raw": "create table raw.mine (n integer)",
    "write batches": "delete from raw.load_batches",
    "read parked definitions": "select * from raw.parked_definitions",
    "take indexes off": "select raw.begin_first_load('users', now(), 'mine')",
    "create roles": "create role mine",
    "become the loader": "set role loader",
}


@pytest.mark.parametrize("statement", TRANSFORMER_CANNOT.values(), ids=TRANSFORMER_CANNOT)
def test_transformer_cannot(server, built, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        run(server, built, "transformer", statement)


def test_nobody_connects_without_a_role_of_the_project(server, built):
    run(server, built, "postgres", "drop role if exists scratch_stranger", "create role scratch_stranger")
    try:
        [(connects,)] = run(
            server,
            built,
            "postgres",
            "select has_database_privilege('scratch_stranger', current_database(), 'connect')",
        )
        [(uses,)] = run(
            server, built, "postgres", "select has_schema_privilege('scratch_stranger', 'raw', 'usage')"
        )
        assert not connects
        assert not uses
    finally:
        run(server, built, "postgres", "drop role scratch_stranger")


# --- rebuilds ----------------------------------------------------------------------------------------------------


def read_privileges(server, database: str) -> list[tuple]:
    return run(
        server,
        database,
        "postgres",
        "select nspname, relname, has_table_privilege('reporter', pg_class.oid, 'select') "
        "and has_schema_privilege('reporter', nspname, 'usage'), "
        "has_table_privilege('reporter', pg_class.oid, 'insert, update, delete, truncate') from pg_class "
        "inner join pg_namespace on pg_namespace.oid = relnamespace "
        "where relkind in ('r', 'v') and (nspname like 'dev%' or nspname = 'raw') order by 1, 2",
    )


# Every kind of relation: dbt makes each kind anew in a way of its own.
KINDS = "config.materialized:incremental dim_months dim_owners rep_funnel_metrics_monthly int_deals_current"


@pytest.mark.parametrize(
    "selected", [f"--select {KINDS}", pytest.param("", marks=pytest.mark.nightly)], ids=["kinds", "all"]
)
def test_grants_survive_rebuilds(server, built, dbt, selected):
    before = read_privileges(server, built)
    assert {readable for schema, _, readable, _ in before if schema == MARTS} == {True}
    assert {readable for schema, _, readable, _ in before if schema not in (MARTS, SEEDS)} == {False}
    assert {writable for *_, writable in before} == {False}
    dbt(f"run --full-refresh {selected}", database=built)
    assert read_privileges(server, built) == before
    run(
        server,
        built,
        "transformer",
        f"drop table {MARTS}.rep_sales_funnel_monthly cascade",
        f"drop table {MARTS}.dim_months cascade",
    )
    dbt("run --select rep_sales_funnel_monthly dim_months", database=built)
    assert read_privileges(server, built) == before


# --- personal data -----------------------------------------------------------------------------------------------


def find_clear_text(server, database: str, *schemas: str) -> list[tuple[str, str, str]]:
    """(schema, relation, column) that hold a name or an e-mail of raw.users, in full or as part of a longer text."""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select array_agg(distinct '%' || replace(replace(lower(btrim(value)), '_', '\\_'), '%', '\\%') || '%') "
            "from raw.users, unnest(array[name, email, split_part(email, '@', 1)]) as value "
            "where length(btrim(value)) > 3"
        )
        [(patterns,)] = cursor.fetchall()
        assert len(patterns) > 100
        cursor.execute(
            "select nspname, relname, attname from pg_attribute inner join pg_class on pg_class.oid = attrelid "
            "inner join pg_namespace on pg_namespace.oid = relnamespace where relkind in ('r', 'v') and attnum > 0 "
            "and not attisdropped and nspname = any(%s) and atttypid::regtype::text ~ '^(text|character|json|xml)' "
            "order by 1, 2, 3",
            [list(schemas)],
        )
        found = []
        for schema, relation, column in cursor.fetchall():
            query = (
                "select exists (select from (select distinct {column}::text as value from {relation}) as held "
                "where lower(value) like any(%s))"
            )
            cursor.execute(
                sql.SQL(query).format(
                    column=sql.Identifier(column), relation=sql.Identifier(schema, relation)
                ),
                [patterns],
            )
            if cursor.fetchone()[0]:
                found.append((schema, relation, column))
        return found


def test_no_layer_above_raw_holds_a_name_or_an_email(server, built):
    assert find_clear_text(server, built, *LAYERS) == []


def test_the_search_for_clear_text_finds_it(server, built):
    assert ("raw", "users", "email") in find_clear_text(server, built, "raw")
    run(
        server,
        built,
        "transformer",
        f"create view {MARTS}.leak as select 'Deal of ' || upper(name) as title from raw.users where id = '1'",
    )
    try:
        assert find_clear_text(server, built, MARTS) == [(MARTS, "leak", "title")]
    finally:
        run(server, built, "transformer", f"drop view {MARTS}.leak")


def test_masked_names_tell_apart_no_more_than_initials(server, built):
    rows = run(
        server,
        built,
        "reporter",
        f"select distinct owner_name_masked from {MARTS}.dim_owners where owner_id <> 'Unknown'",
    )
    assert rows
    assert [name for (name,) in rows if not re.fullmatch(r"(\S\*\*\*\s*)+", name)] == []


def test_password_is_asked_for(server, built):
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host=server.host, port=server.port, user="reporter", password="guess", dbname=built)
