"""What a load does not let in again: the clear text of people whom raw.forget_person has overwritten."""

from __future__ import annotations

from psycopg2 import sql

from loader.load_context import FileLoad

PLACEHOLDER = "(forgotten)"


def overwrite_people(load: FileLoad) -> None:
    """In `typed`: the columns of forgotten people, and the values that are known to name one."""
    if not load.remembers_forgotten:
        return
    table = load.table
    if table.people_of:
        load.execute(
            "update pg_temp.typed set _extra = null, {placeholders} where {id}::text in ({forgotten})",
            placeholders=sql.SQL(", ").join(
                # What is missing stays missing.
                sql.SQL("{0} = case when {0} is not null then {1} end").format(
                    sql.Identifier(name), sql.Literal(PLACEHOLDER)
                )
                for name in table.personal_columns
            ),
            id=table.key_columns[0].id,
            forgotten=_forgotten(load),
        )
    types = {"_extra": "jsonb", **{column.name: column.type for column in table.columns}}
    load.cursor.execute(
        "select distinct column_name from raw.forgotten_texts where table_name = %s order by 1", [table.name]
    )
    for (name,) in load.cursor.fetchall():
        load.execute(
            "update pg_temp.typed set {column} = known.replacement::{type} from raw.forgotten_texts as known"
            " where known.table_name = {table_name} and known.column_name = {name}"
            " and known.fingerprint = encode(sha256(convert_to({column}::text, 'UTF8')), 'hex')",
            column=sql.Identifier(name),
            name=sql.Literal(name),
            type=sql.SQL(types[name]),
        )


def overwrite_rejects(load: FileLoad) -> None:
    """The same in the rejected rows of `incoming`, before they are recorded and printed."""
    if not load.remembers_forgotten:
        return
    load.execute(
        "update pg_temp.incoming set _value = known.replacement from raw.forgotten_texts as known"
        " where _reason is not null and known.table_name = 'rejected_rows'"
        " and known.fingerprint = encode(sha256(convert_to(_value, 'UTF8')), 'hex')"
    )
    if load.table.people_of:
        load.execute(
            "update pg_temp.incoming set _value = {placeholder} where _reason is not null and exists ("
            "select 1 from ({forgotten}) as forgotten (id) where forgotten.id = btrim(incoming.{id})"
            r" or forgotten.id = any(regexp_split_to_array(_value, '\s*[,;|\"\t]\s*')))",
            placeholder=sql.Literal(PLACEHOLDER),
            id=load.table.key_columns[0].id,
            forgotten=_forgotten(load),
        )


def _forgotten(load: FileLoad) -> sql.Composable:
    return sql.SQL("select person_id from raw.forgotten_people where crm = {}").format(
        sql.Literal(load.table.people_of)
    )
