"""Every corruption of the exports or of raw is refused by the loader, absorbed by it, or caught by a named dbt test; no
input that is merely odd stops a build or changes a figure that it does not concern.

Each goes through the real loader into a copy of a database that was built from the committed sample, then through
dbt's own SQL: the statements of one incremental run and of the tests, recorded and sent again, which is what dbt does
without the seconds it takes (test_replay_and_dbt_agree compares). Run are the tests that the lists name and the models
that they need; at night the odd inputs go through every mart and every test. The matrix is printed, and

    SALES_FUNNEL_WRITE_MATRIX=1 make nightly    writes docs/mutation-matrix.md
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import BAD_STATUSES, ROOT, Databases, Dbt, ScratchServer
from support.corruptions import CORRUPTIONS
from support.dbt_replay import Replay, record
from support.edits import Input
from support.odd_inputs import ALL, LOADER, ODD_INPUTS, OddInput

# Tests that an odd input could fail, and marts whose figures it could change, beside those that a row names.
ALSO = {
    "user_emails_are_masked",
    "user_names_are_masked",
}
ALSO_MARTS = ("dim_owners", "fct_activities", "fct_deal_outcomes", "dim_deal_owner_history")
GUARDS = sorted(
    {
        corruption.caught_by
        for corruption in CORRUPTIONS
        if corruption.caught_by and not corruption.command and not corruption.at_night
    }
    | {odd.warned_by for odd in ODD_INPUTS if odd.warned_by not in (None, LOADER)}
    | ALSO
)
WITH_PARENTS = [f"+{name}" for name in (*GUARDS, *ALSO_MARTS)]
KINDS = (
    "growth",
    "gaps",
    "missing file",
    "missing column",
    "ids with blanks or zeros in front",
    "encodings",
    "repeated header",
    "footer",
    "far dates",
    "missing e-mail",
    "unknown currency",
    "renamed stage",
)
DOCUMENT = ROOT / "docs" / "mutation-matrix.md"
RAW_TABLES = (
    "deal_changes",
    "activity",
    "activity_types",
    "stages",
    "fields",
    "users",
    "pipedrive_deal",
    "load_batches",
    "rejected_rows",
)


@dataclass(frozen=True)
class DataTest:
    name: str
    severity: str
    statement: str


@dataclass(frozen=True)
class Catch:
    """One guard that noticed: `how` is fails, warns, refused or absorbed."""

    guard: str
    how: str
    message: str


class Laboratory:
    """A database that is copied afresh for every corruption, always under the name that dbt's statements carry."""

    def __init__(
        self,
        server: ScratchServer,
        databases: Databases,
        dbt: Dbt,
        load: Callable,
        sample: str,
        models: list[str] = WITH_PARENTS,
        tests: list[str] = GUARDS,
    ) -> None:
        self.server, self.databases, self.dbt, self.load_files = server, databases, dbt, load
        self.database = databases.create(template=sample)
        events: list = []
        dbt.callbacks.append(lambda event: events.append(event) if event.info.name == "SQLQuery" else None)

        def invoke(*arguments: str) -> object:
            return dbt(list(arguments), database=self.database)

        try:
            keys = ("--output", "json", "--output-keys", "name config")
            needed = map(
                json.loads, invoke("ls", "--resource-type", "model", *keys, "--select", *models).result
            )
            # Views of staging and intermediate follow by themselves.
            marts = [
                model["name"]
                for model in needed
                if not (re.match("int_|stg_", model["name"]) and model["config"]["materialized"] == "view")
            ]
            self.replay: Replay = record(invoke, events, " ".join(marts))
            events.clear()
            done = invoke("test", "--select", *tests)
        finally:
            dbt.callbacks.pop()
        sent = {
            event.data.node_info.unique_id: event.data.sql
            for event in events
            if "should_warn" in event.data.sql
        }
        self.tests = [
            DataTest(result.node.name, result.node.config.severity.lower(), sent[result.node.unique_id])
            for result in done.result.results
            if result.node.resource_type == "test"  # hooks have results too
        ]
        with contextlib.closing(server.connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.execute("select format('%I.%I', schemaname, tablename) from pg_tables")
            tables = {name for (name,) in cursor.fetchall()}
        names = (node.relation.replace('"', "").partition(".")[2] for node in self.replay.nodes)
        self.tables = [name for name in names if name in tables]
        self.baseline = databases.create(template=self.database)
        self.marts = self.read_marts()

    def close(self) -> None:
        self.databases.drop(self.database)
        self.databases.drop(self.baseline)

    def reset(self) -> None:
        self.databases.drop(self.database)
        name = self.databases.create(template=self.baseline)
        assert name == self.database

    def empty(self) -> None:
        tables = [f"raw.{table}" for table in RAW_TABLES]
        self.server.query(self.database, f"truncate {', '.join([*tables, *self.tables])}")

    def load(self, folder: Path, *options: str) -> Catch | None:
        """Load; the refusal or warning if there is one."""
        errors = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            status = self.load_files(folder, *options, database=self.database, check=False)
        if status == 0:
            warned = re.search(r"(?m)^load: warning: (.*)", errors.getvalue())
            return Catch("the loader", "warns", warned.group(1)) if warned else None
        [reason] = [line for line in errors.getvalue().splitlines() if line.startswith("load: error: ")]
        return Catch("the loader", "refused", reason.removeprefix("load: error: "))

    def run(self) -> list[Catch]:
        """An incremental run and every data test; what the tests caught."""
        catches = []
        with contextlib.closing(self.server.connect(self.database, "transformer")) as connection:
            self.replay.run(connection)
            connection.autocommit = True
            with connection.cursor() as cursor:
                for test in self.tests:
                    cursor.execute(test.statement)
                    [(failures, should_warn, should_error)] = cursor.fetchall()
                    if should_error and test.severity == "error":
                        catches.append(Catch(test.name, "fails", f"{failures}"))
                    elif should_warn:
                        catches.append(Catch(test.name, "warns", f"{failures}"))
        return catches

    def run_dbt(self, command: str | list[str], variables: dict[str, str]) -> list[Catch]:
        """What dbt itself says of the tests (or of the freshness of sources) that `command` runs."""
        done = self.dbt(command, database=self.database, variables=variables, check=False)
        assert done.exception is None, done.exception
        catches = []
        for result in done.result.results:
            node, status = result.node, str(result.status)
            name = f"{node.source_name}.{node.name}" if node.resource_type == "source" else node.name
            if status in BAD_STATUSES or status == "warn":
                catches.append(
                    Catch(
                        name,
                        "warns" if status == "warn" else "fails",
                        f"{getattr(result, 'failures', None) or 'too old'}",
                    )
                )
        return catches

    def read_marts(
        self, database: str | None = None, may_change: dict[str, str | tuple[str, ...]] | None = None
    ) -> dict[str, tuple]:
        """Number of rows and a hash of the rows of each mart, without what differs from run to run, and without what
        an odd input may change (odd_inputs.py)."""
        found = {}
        with (
            contextlib.closing(self.server.connect(database or self.database)) as connection,
            connection.cursor() as cursor,
        ):
            for node in self.replay.nodes:
                if node.name in ("stg_loads__horizon", "dim_as_of"):
                    continue
                changing = [
                    what for mart, what in (may_change or {}).items() if re.fullmatch(mart, node.name)
                ]
                condition = next((what for what in changing if isinstance(what, str)), "true")
                columns = [
                    "_loaded_at",
                    "first_loaded_at",
                    *(name for what in changing if isinstance(what, tuple) for name in what),
                ]
                cursor.execute(
                    "select count(*), sum(hashtextextended((to_jsonb(mart) - %s::text[])::text, 0)::numeric) "
                    f"from {node.relation.partition('.')[2]} as mart where {condition}",
                    (columns,),
                )
                found[node.name] = cursor.fetchone()
        return found

    def try_out(self, corruption: Input, folder: Path) -> list[Catch]:
        """All guards that notice the corruption; the loader's refusal or absorption is the only one if it happens."""
        self.reset()
        warnings = []
        if corruption.first_load:
            self.empty()
        if corruption.edit:
            shutil.copytree(ROOT / "raw_data" / corruption.folder, folder)
            corruption.edit(folder)
            for _ in range(corruption.loads):
                said = self.load(folder, *corruption.options)
                if said and said.how == "refused":
                    return [said]
                warnings += [said] if said else []
        if corruption.statement:
            self.server.query(self.database, corruption.statement)
        if corruption.command:
            return self.run_dbt(corruption.command, dict(corruption.variables))
        catches = warnings + self.run()
        if not catches and self.read_marts() == self.marts:
            return [Catch("the loader", "absorbed", "nothing appended, every mart as before")]
        return catches


@pytest.fixture(scope="module")
def laboratory(server, databases, dbt, load, sample_database) -> Iterator[Laboratory]:
    laboratory = Laboratory(server, databases, dbt, load, sample_database)
    yield laboratory
    laboratory.close()


@pytest.fixture(scope="module")
def whole_laboratory(server, databases, dbt, load, sample_database) -> Iterator[Laboratory]:
    """Every mart and every test."""
    laboratory = Laboratory(
        server,
        databases,
        dbt,
        load,
        sample_database,
        ["fqn:*"],
        ["fqn:*", "--exclude-resource-type", "unit_test"],
    )
    yield laboratory
    laboratory.close()


@pytest.fixture(scope="module")
def matrix() -> Iterator[dict[str, list[Catch]]]:
    """What each input tried so far was noticed by; printed, and written on request, when all were tried."""
    tried: dict[str, list[Catch]] = {}
    yield tried
    if len(tried) == len(CORRUPTIONS) + len(ODD_INPUTS):
        page = f"{format_matrix(tried)}\n{ODD_INTRODUCTION}\n{format_odd_inputs(tried)}\n"
        print(f"\n{page}")
        if os.environ.get("SALES_FUNNEL_WRITE_MATRIX"):
            DOCUMENT.write_text(f"{INTRODUCTION}\n{page}", encoding="utf-8")


INTRODUCTION = """# Mutation matrix

Each row corrupts the sample's exports or the raw data, goes through the loader and an incremental run, and must be
caught by the guard named first. Written by `SALES_FUNNEL_WRITE_MATRIX=1 make nightly`
(tests/python/figures/test_mutation_matrix.py).

*fails* stops a scheduled run, *warns* is in its summary. The number is what the test counts: rows, per mille of them,
or percent, as its description says.

Deleting a guard turns its rows red. Seen by breaking them in a copy and running this test:

- `warn_of_missing_files` not called (scripts/loader/transaction.py): both rows of files missing from the folder;
- `check_deletions` that lets everything pass (scripts/loader/raw_writer.py): "file cut at a row, a half missing", "all
  times an hour off";
- `plausible_time` without its bounds (tests/generic): "changes in 2099", "changes in 1970", both rows of calls done
  in 2099;
- `unmatched_share` that finds nothing (tests/generic): "owner that is no user", "activity of somebody who is no user",
  "unknown activity type" and three more.

Other guards still warn in some of these rows, but the one that names the cause is gone, and the row fails.
"""


ODD_INTRODUCTION = """
## Odd and lawful

Each of these inputs looks wrong and is not. It must load and pass every test (warnings are allowed, and named where one
is due), and every figure that it does not concern must stay as the sample made it, to the last digit
(tests/python/support/odd_inputs.py). Every push compares the marts of the funnel; at night every test runs, and every
mart that does not read what the input changes is compared too.

Moved here from the first half in 0.2.0, because their input is lawful: a month of changes missing (first load, and
after a good night), a month of activities missing, a file missing, unknown stage 10, stage without a funnel step,
renamed stage, formula in a text field, deals without a creation. 23 new corruptions took their places. The changes that
stand twice in a file are no longer absorbed but kept, and warned of.
"""


def format_change(mart: str, what: str | tuple[str, ...]) -> str:
    marts = mart.replace("|", ", ")
    if isinstance(what, tuple):
        return f"{', '.join(what)} of {marts}"
    return marts if what == ALL else f"{marts}, but for rows where {what}"


def format_odd_inputs(tried: dict[str, list[Catch]]) -> str:
    lines = ["| # | kind | input | may change | noticed by |", "|---|---|---|---|---|"]
    for number, odd in enumerate(sorted(ODD_INPUTS, key=lambda odd: odd.kind), start=1):
        concerned = "; ".join(format_change(*change) for change in odd.may_change.items())
        noticed = ", ".join(sorted({catch.guard for catch in tried[odd.name] if catch.how == "warns"}))
        lines.append(f"| {number} | {odd.kind} | {odd.name} | {concerned or 'nothing'} | {noticed} |")
    return "\n".join(lines)


def format_matrix(tried: dict[str, list[Catch]]) -> str:
    lines = ["| # | corruption | caught by | message | and by |", "|---|---|---|---|---|"]
    for number, corruption in enumerate(CORRUPTIONS, start=1):
        found = sorted(
            tried[corruption.name],
            key=lambda catch: (catch.guard != (corruption.caught_by or "the loader"), catch.how),
        )
        first = found[0] if found else Catch("**nothing**", "", "")
        others = len(found) - 1
        message = first.message if first.how in ("refused", "absorbed") else f"{first.how}: {first.message}"
        lines.append(
            f"| {number} | {corruption.name} | {first.guard} | {message.replace('|', '/')[:160]} |"
            f" {f'{others} more' if others > 0 else ''} |"
        )
    counted = [
        tried[corruption.name][0].how if tried[corruption.name] else "uncaught" for corruption in CORRUPTIONS
    ]
    refused, absorbed, uncaught = (counted.count(how) for how in ("refused", "absorbed", "uncaught"))
    warned = sum(corruption.warned is not None for corruption in CORRUPTIONS)
    tested = len(counted) - refused - absorbed - uncaught - warned
    return "\n".join(
        [
            *lines,
            "",
            f"{len(counted)} corruptions: {refused} refused, {absorbed} absorbed and {warned} warned of by the loader, "
            f"{tested} caught by tests, {uncaught} uncaught.",
        ]
    )


def by_turns() -> list:
    """All of them, of which each push tries every second one, and those that the loader refuses at once."""
    return [
        pytest.param(
            corruption,
            marks=[]
            if (corruption.refused or number % 2 == 0) and not corruption.at_night
            else [pytest.mark.nightly],
        )
        for number, corruption in enumerate(CORRUPTIONS)
    ]


@pytest.mark.parametrize("corruption", by_turns(), ids=lambda corruption: corruption.name.replace(" ", "-"))
def test_corruption_is_caught(corruption, matrix, tmp_path, request):
    laboratory = request.getfixturevalue("whole_laboratory" if corruption.at_night else "laboratory")
    catches = matrix[corruption.name] = laboratory.try_out(corruption, tmp_path / "export")
    if corruption.refused:
        assert [catch.how for catch in catches] == ["refused"], catches
        assert re.search(corruption.refused, catches[0].message), catches
    elif corruption.warned:
        [said] = [catch.message for catch in catches if (catch.guard, catch.how) == ("the loader", "warns")]
        assert re.search(corruption.warned, said), catches
    elif corruption.absorbed:
        assert [catch.how for catch in catches] == ["absorbed"], catches
    else:
        assert corruption.caught_by in {catch.guard for catch in catches}, catches


def check_odd_input(
    odd: OddInput, laboratory: Laboratory, catches: list[Catch], may_change: dict[str, str | tuple[str, ...]]
) -> None:
    """It stops nothing, what is due is said, and only the figures that it concerns differ from the sample's."""
    assert not [catch for catch in catches if catch.how in ("fails", "refused")], catches
    if odd.warned_by:
        assert odd.warned_by in {catch.guard for catch in catches if catch.how == "warns"}, catches
    before = laboratory.read_marts(laboratory.baseline, may_change)
    after = laboratory.read_marts(None, may_change)
    assert after == before, [mart for mart in after if after[mart] != before[mart]]


def by_kind() -> list:
    """All of them, of which each push tries the first of each kind."""
    firsts = {odd.kind: odd for odd in reversed(ODD_INPUTS)}.values()
    return [pytest.param(odd, marks=[] if odd in firsts else [pytest.mark.nightly]) for odd in ODD_INPUTS]


@pytest.mark.parametrize("odd", by_kind(), ids=lambda odd: odd.name.replace(" ", "-"))
def test_odd_input_is_lawful(odd, laboratory, matrix, tmp_path):
    catches = matrix[odd.name] = laboratory.try_out(odd, tmp_path / "export")
    check_odd_input(odd, laboratory, catches, odd.may_change)


@pytest.fixture(scope="module")
def fed_by(dbt, sample_database) -> Callable[[str], set[str]]:
    """fed_by(views) → the models that read them, without those that every push compares."""

    def list_models(*selected: str) -> set[str]:
        command = ["ls", "--resource-type", "model", "--output", "name", "--select", *selected]
        return set(dbt(command, database=sample_database).result)

    compared = list_models(*WITH_PARENTS)
    return lambda views: list_models(*(f"{view}+" for view in views.split())) - compared


@pytest.mark.nightly
@pytest.mark.parametrize("odd", ODD_INPUTS, ids=lambda odd: odd.name.replace(" ", "-"))
def test_odd_input_is_lawful_for_every_mart(odd, whole_laboratory, fed_by, tmp_path):
    reached = fed_by(odd.reaches) if odd.reaches else set()
    catches = whole_laboratory.try_out(odd, tmp_path / "export")
    check_odd_input(odd, whole_laboratory, catches, odd.may_change | dict.fromkeys(reached, ALL))


def test_each_kind_of_odd_input_is_there_twice():
    kinds = [odd.kind for odd in ODD_INPUTS]
    assert {kind for kind in KINDS if kinds.count(kind) < 2} == set()
    assert len(CORRUPTIONS) >= 60
    assert len(ODD_INPUTS) >= 25


def test_the_sample_itself_is_clean(laboratory):
    laboratory.reset()
    assert laboratory.run() == []


def test_replay_and_dbt_agree(laboratory, tmp_path):
    """An input that several tests notice: dbt itself says the same as its replayed statements."""
    [odd] = [odd for odd in ODD_INPUTS if odd.name == "unknown stage 10"]
    replayed = laboratory.try_out(odd, tmp_path / "export")
    laboratory.run_dbt("run --select " + " ".join(WITH_PARENTS), {})
    said = laboratory.run_dbt(["test", "--select", *GUARDS], {})
    assert len(said) >= 2
    assert sorted(said, key=str) == sorted(replayed, key=str)
