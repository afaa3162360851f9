"""Runs every static check and ends with a line that says which failed.

    python3 scripts/with_venv.py scripts/lint.py                every check
    python3 scripts/with_venv.py scripts/lint.py --fix          mend what ruff and sqlfluff can mend themselves
    python3 scripts/with_venv.py scripts/lint.py [--fix] FILE   sqlfluff alone, on these SQL files

Python: ruff, mypy. SQL: sqlfluff, with the dbt templater for dbt's. YAML: the schemas that dbt ships. dbt manifest:
which folder reads which, dbt-bouncer, and that the pages of docs/ that are made from it are up to date. Workflows: the
schema of GitHub Actions, and zizmor for what an attacker could use. The dbt templater asks the database which tables
exist, so the embedded server is started, as for `make test`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import install_packages
from server import postgres
from with_venv import ROOT

BIN = Path(sys.executable).parent
PLAIN_SQL = ("scripts/report/page/sql", "scripts/loader/connectors")
# No Jinja there. RF04: the page's short column names (owner, name, open) are words of SQL, allowed as aliases.
WITHOUT_JINJA = ["--templater", "raw", "--exclude-rules", "RF02,RF04,ST06"]
# A project of its own, of which the dbt templater knows nothing; sqlfluff's own knows ref and source.
OTHER_PROJECT = "scripts/bench/plain_project"

# The whole project is checked, whatever dbt_project.yml switches off.
ALL_DOMAINS = ["--vars", "switched_off: []"]

Command = tuple[str, list[str]]  # name, what is run of the virtual environment's programs


def list_checks() -> list[Command]:
    """Every check, in order."""
    workflows = [str(path) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
    return [
        ("ruff check", ["ruff", "check", "scripts", "tests"]),
        ("ruff format", ["ruff", "format", "--check", "scripts", "tests"]),
        ("mypy", [str(BIN / "mypy")]),
        ("yaml", ["python", "scripts/checks/check_yaml.py"]),
        ("workflows", ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows]),
        ("zizmor", ["zizmor", "--offline", "--quiet", *workflows]),
        ("dbt parse", ["dbt", "parse", "--quiet", "--no-partial-parse", "--warn-error", *ALL_DOMAINS]),
        ("layers", ["python", "scripts/checks/check_layers.py"]),
        ("pages", ["python", "scripts/checks/pages.py", "--check"]),
        ("dbt-bouncer", ["dbt-bouncer", "--config-file", "dbt-bouncer.yml"]),
        *list_sqlfluff("lint", []),
    ]


def list_fixes() -> list[Command]:
    """What mends layout and the rules that have one answer."""
    return [
        ("ruff check", ["ruff", "check", "--fix", "scripts", "tests"]),
        ("ruff format", ["ruff", "format", "scripts", "tests"]),
        *list_sqlfluff("fix", []),
    ]


def list_sqlfluff(command: str, files: Sequence[str]) -> list[Command]:
    """sqlfluff `lint` or `fix` on these SQL files; on all when none is named."""
    listed = [os.path.relpath(Path(file).resolve(), ROOT) for file in files]
    plain = [file for file in listed if file.startswith(PLAIN_SQL)] if files else list(PLAIN_SQL)
    other = [file for file in listed if file.startswith(OTHER_PROJECT)] if files else [OTHER_PROJECT]
    dbt = [file for file in listed if file not in plain + other] if files else ["models", "analyses", "tests"]
    sqlfluff = ["sqlfluff", command, "--disable-progress-bar"]
    return [
        *([("sqlfluff", [*sqlfluff, *dbt])] if dbt else []),
        *([("sqlfluff without dbt", [*sqlfluff, *WITHOUT_JINJA, *plain])] if plain else []),
        *([("sqlfluff of the other project", [*sqlfluff, "--templater", "jinja", *other])] if other else []),
    ]


def run(commands: Sequence[Command]) -> list[str]:
    """Run each, print the output of those that fail; the names of these."""
    server = postgres.start()
    install_packages.install()
    failed = []
    with tempfile.TemporaryDirectory() as profiles:
        # The example is what a stranger copies: linting with it proves that it parses.
        shutil.copy(ROOT / "profiles.example.yml", Path(profiles) / "profiles.yml")
        environment = {**os.environ, **server.environment("transformer"), "DBT_PROFILES_DIR": profiles}
        for name, command in commands:
            started = time.monotonic()
            program, *arguments = command
            result = subprocess.run(
                [BIN / program, *arguments],
                check=False,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
            verdict = "ok  " if result.returncode == 0 else "FAIL"
            print(f"{verdict} {name} ({time.monotonic() - started:.1f} s)")
            if result.returncode != 0:
                failed.append(name)
                print(result.stdout + result.stderr)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 when any check failed, or something was left that --fix cannot mend."""
    parser = argparse.ArgumentParser(prog="lint.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--fix", action="store_true", help="mend instead of complain")
    parser.add_argument("files", nargs="*", metavar="FILE", help="SQL files for sqlfluff alone")
    options = parser.parse_args(arguments)
    if options.files:
        commands = list_sqlfluff("fix" if options.fix else "lint", options.files)
    else:
        commands = list_fixes() if options.fix else list_checks()
    failed = run(commands)
    print(f"lint: {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
