"""Two relations that publish one measure publish the same figures.

A model declares its measures in `config.meta.measures`, each as one declaration or a list of them:

    wins:                                   # two relations that name one measure are a pair
      value: wins                           # what is added up; without it, a row counts as 1
      grain: [crm_source, owner_id, occurred_month as month]
      where: outcome = 'won'                # the rows that are the measure
      within: crm_source = 'salesforce'     # the part of the measure that the relation holds, told by its grain
      in_force: [valid_from, valid_to]      # counted on each day that reports publish, a column `day` of the grain
      is_rounded: true                      # money is rounded once, in the last select of a report

A pair is added up to the columns of grain that both have, within what both hold, and must be equal: what `except`
both ways would leave is empty. A lawful difference stands as a measure of another name or in `within`, with the line
of docs/metrics.md that allows it. A column that has a measure's name but is another figure stands under
`measures_of_its_own`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode

PUBLISHED = ("marts", "reports")
SHARED = {"visits", "first_entries", "wins", "losses", "open_deals", "open_amount", "owner_on_a_day"}
# Names of columns that hold a measure which several relations share; trailing_won_count and the like are made from one.
NAMES = re.compile(
    r"(deals_)?(won|wins|lost|loss|losses|open|visits?|entries|entered)(_deals)?(_count|_amount)?(_qtd)?"
    r"|deals_count|stage_entries"
)
NOT_COUNTED = re.compile(r"(won|lost|loss)\w*_amount")
DAYS = "select measured_day as day from dim_periods union select period - 1 from dim_periods"
LAST_MOMENT = "(days.day + 1)::timestamp at time zone 'UTC' - interval '1 microsecond'"


@dataclass(frozen=True)
class Declaration:
    """One measure as one relation holds it."""

    measure: str
    relation: str
    grain: tuple[str, ...]
    value: str = "1"
    where: str = "true"
    within: str = "true"
    in_force: tuple[str, ...] = ()
    is_rounded: bool = False

    @property
    def columns(self) -> dict[str, str]:
        """Name of each column of the grain → its expression."""
        items = [*self.grain, *(["days.day"] if self.in_force else [])]
        return {re.split(r" as |\.", item)[-1]: item.rpartition(" as ")[0] or item for item in items}

    @property
    def select(self) -> str:
        """The measure at the relation's own grain."""
        relation, condition = self.relation, f"({self.where})"
        if self.in_force:
            relation += f" cross join ({DAYS}) as days"
            condition += f" and tstzrange({', '.join(self.in_force)}) @> ({LAST_MOMENT})"
        columns = ", ".join(f"{expression} as {name}" for name, expression in self.columns.items())
        places = ", ".join(str(place) for place in range(1, len(self.columns) + 1))
        return (
            f"select {columns}, sum({self.value}) as value, count(*) * {int(self.is_rounded)} as roundings"
            f" from {relation} where {condition} group by {places}"
        )

    def shares_grain_with(self, other: Declaration) -> list[str]:
        """The columns that both have; none where the other cannot tell which part of the measure this one holds."""
        told = set(re.findall(r"\w+", self.within)) & self.columns.keys()
        return (
            [name for name in self.columns if name in other.columns] if told <= other.columns.keys() else []
        )


def read_declarations(model: ModelNode) -> Iterator[Declaration]:
    for measure, declared in model.config.meta.get("measures", {}).items():
        for each in declared if isinstance(declared, list) else [declared]:
            lists = {key: tuple(value) for key, value in each.items() if isinstance(value, list)}
            yield Declaration(measure, model.name, **{**each, **lists})


def add_up(table: str, names: list[str], within: str) -> str:
    columns = ", ".join(f"coalesce({name}::text, 'Unknown') as {name}" for name in names)
    places = ", ".join(str(place) for place in range(1, len(names) + 1))
    return (
        f"select {columns}, sum(value) as value, sum(roundings) as roundings from {table}"
        f" where {within} group by {places} having coalesce(sum(value), 0) <> 0"
    )


def compare(cursor, one: Declaration, other: Declaration, tables: dict[Declaration, str]) -> str | None:
    """What differs between the two, if anything; each rounding of money may move a sum by half a cent."""
    names = one.shares_grain_with(other)
    within = f"({one.within}) and ({other.within})"
    cursor.execute(
        f"select {', '.join(names)}, one.value, other.value from ({add_up(tables[one], names, within)}) as one"
        f" full join ({add_up(tables[other], names, within)}) as other using ({', '.join(names)})"
        " where one.value is null or other.value is null"
        " or abs(one.value - other.value) > 0.005 * (one.roundings + other.roundings)"
    )
    rows = cursor.fetchall()
    if rows:
        titles = [*names, one.relation, other.relation]
        examples = "; ".join(
            ", ".join(f"{t}={v}" for t, v in zip(titles, row, strict=True)) for row in rows[:3]
        )
        return f"{one.measure}: {one.relation} and {other.relation} differ in {len(rows)} rows: {examples}"
    return None


def find_differences(connection, declarations: list[Declaration]) -> Iterator[str]:
    """A line for each pair that differs, and for each declaration that nothing can be compared with."""
    with connection.cursor() as cursor:
        cursor.execute("set search_path to dev_marts, pg_temp")
        tables = {declaration: f"pg_temp.measure_{place}" for place, declaration in enumerate(declarations)}
        for declaration, table in tables.items():
            cursor.execute(f"create table {table} as {declaration.select}")
        paired = set()
        for one, other in combinations(declarations, 2):
            is_pair = one.measure == other.measure and one.relation != other.relation
            if is_pair and one.shares_grain_with(other) and other.shares_grain_with(one):
                paired |= {one, other}
                if difference := compare(cursor, one, other, tables):
                    yield difference
        for declaration in declarations:
            if declaration not in paired:
                yield f"{declaration.measure} of {declaration.relation} has no pair: name another, or drop it"
    connection.rollback()


def find_undeclared(model: ModelNode) -> Iterator[str]:
    """Columns named like a shared measure that no declaration of the model uses."""
    used = " ".join(
        f"{declaration.value} {declaration.where} {' '.join(declaration.grain)}"
        for declaration in read_declarations(model)
    )
    used += " " + " ".join(model.config.meta.get("measures_of_its_own", {}))
    named = [name for name in model.columns if NAMES.fullmatch(name) and not NOT_COUNTED.fullmatch(name)]
    if "deal_key" in model.columns and "owner_id" in model.columns:
        named.append("owner_id")
    for name in named:
        if not re.search(rf"\b{name}\b", used):
            yield (
                f"{model.name}.{name} is named like a measure that several relations share: declare it under"
                " config.meta.measures, or say under config.meta.measures_of_its_own what it is"
            )


def published(manifest: Manifest) -> list[ModelNode]:
    """The models that people read."""
    models = [node for node in manifest.nodes.values() if isinstance(node, ModelNode)]
    return [model for model in models if model.fqn[1] in PUBLISHED and not model.name.startswith("int_")]


@pytest.fixture(scope="module")
def models(dbt, sample_database) -> list[ModelNode]:
    return published(dbt("parse", database=sample_database).result)


def test_every_relation_gives_one_answer(models, sample_database, connect):
    declarations = [declaration for model in models for declaration in read_declarations(model)]
    assert {declaration.measure for declaration in declarations} >= SHARED
    connection = connect(sample_database)
    try:
        differences = list(find_differences(connection, declarations))
    finally:
        connection.close()
    assert not differences, "\n".join(differences)


def test_columns_named_like_a_measure_are_declared(models):
    undeclared = [line for model in models for line in find_undeclared(model)]
    assert not undeclared, "\n".join(undeclared)
