"""Every guard of docs/guards.md is awake: it fails when the code is broken as tests/guards/*.yml says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from checks.guards_page import GUARDS, PAGE, Guard, format_table, read_guards
from command import BEGIN, END
from conftest import ROOT
from server import postgres
from support.guard_runner import run_test

ALL_GUARDS = read_guards()
TIMEOUT_SECONDS = 1800
# Every clause of the promise.
CLAUSES = (  # noqa: SIM905
    "0 1a 1b 1c 1d 2 3 4 5 6a 6b 6c 6d 6e 7 8 9 10a 10b 10c 11a 11b 12 13 14a 14b 15a 15b 16a 16b 16c 16d 16e 17 18"
    " 19a 19b 19c 19d 20 21 22 23a 23b 23c 24a 24b 24c 25a 25b 26a 26b 26c 27"
).split()
# Then the mutation did not break the promise, but the program.
NO_PROOF = (
    "SyntaxError",
    "IndentationError",
    "ImportError",
    "ModuleNotFoundError",
    "NameError",
    "AttributeError",
    "TypeError",
)


by_clause = pytest.mark.parametrize("guard", [pytest.param(guard, id=guard.clause) for guard in ALL_GUARDS])


def find_test(guard: Guard) -> str:
    """The source of the guard's test with its decorators; a message in place of it is an AssertionError."""
    path, _, test = guard.guard.partition("::")
    name = re.sub(r"\[.*", "", test.rpartition("::")[2])
    text = (ROOT / path).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min(part.lineno for part in (node, *node.decorator_list))
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise AssertionError(f"{guard.clause}: {path} has no test {name}")


# --- the files ---------------------------------------------------------------------------------------------------


def test_every_clause_has_a_guard():
    assert {guard.clause for guard in ALL_GUARDS} == set(CLAUSES)
    for path in GUARDS.glob("*.yml"):
        # 05.yml, 16b.yml, and where a part of a clause has a guard of its own, 16b-timeline.yml.
        clause = re.sub(r"^0(?=\d)", "", path.stem.partition("-")[0])
        assert f'clause: "{clause}"' in path.read_text(encoding="utf-8"), path.name


@by_clause
def test_a_guard_says_what_to_break(guard):
    find_test(guard)
    assert (ROOT / guard.file).read_text(encoding="utf-8").count(guard.right) == 1, (
        "must stand there exactly once"
    )
    assert guard.right != guard.wrong


def test_page_is_current():
    assert f"{BEGIN}\n{format_table(ALL_GUARDS)}{END}" in PAGE.read_text(encoding="utf-8"), (
        "out of date: make pages"
    )


# --- the guards, one after the other, each in a copy of the project that is broken in one place ---------------------


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """The environment of the guards' tests: a server for all of them, apart from this session's, whose roles' passwords
    they would change."""
    state_dir = postgres.STATE_DIR / f"test-{os.getpid()}-guards"
    server = postgres.start(state_dir, durable=False)
    password = quote(server.passwords[postgres.SUPERUSER], safe="")
    dsn = f"postgresql://{postgres.SUPERUSER}:{password}@{postgres.HOST}:{server.port}/postgres"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PYTEST_"))}
    yield kept | {"SALES_FUNNEL_TEST_DSN": dsn, "SALES_FUNNEL_NIGHTLY": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    postgres.remove(state_dir)


@pytest.fixture
def project(tmp_path: Path, dbt_packages: None) -> Path:
    """A copy of the project as git would commit it, with what is installed beside it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    copy = tmp_path / "project"
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    shutil.copytree(ROOT / "dbt_packages", copy / "dbt_packages")
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


@pytest.mark.nightly
@by_clause
def test_a_broken_promise_is_noticed(guard, project, variables, tmp_path):
    path = project / guard.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(guard.right, guard.wrong), encoding="utf-8")
    verdict = run_test(project, guard.guard, variables, tmp_path / "log", TIMEOUT_SECONDS)
    assert verdict.exit_code == 1, f"{guard.guard} did not notice it: {verdict.errors}\n{verdict.output}"
    assert verdict.failed_by, (
        f"{guard.guard} did not fail in its own call: {verdict.errors}\n{verdict.output}"
    )
    assert not set(verdict.failed_by) <= set(NO_PROOF), f"the broken code does not run:\n{verdict.output}"
