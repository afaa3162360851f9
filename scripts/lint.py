"""Runs every static check and ends with a line that says which failed.

    python3 scripts/with_venv.py scripts/lint.py

Python: ruff. SQL: sqlfluff, with the dbt templater for dbt's. YAML: the schemas that dbt ships. dbt manifest:
dbt-bouncer, and that docs/erd.md is drawn from it. Workflows: the schema of GitHub Actions, and zizmor for what an
attacker could use. The dbt templater asks the database which tables exist, so the embedded server is started, as for
`make test`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import install_packages
from server import postgres
from with_venv import ROOT

BIN = Path(sys.executable).parent


def list_checks() -> list[tuple[str, list[str]]]:
    """Return (name, command) of each check, in order."""
    sql = [folder for folder in ("models", "analyses", "tests") if (ROOT / folder).is_dir()]
    workflows = [str(path) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
    plain_sqlfluff = [str(BIN / "sqlfluff"), "lint", "--disable-progress-bar", "--templater", "raw"]
    return [
        ("ruff check", [str(BIN / "ruff"), "check", "scripts", "tests"]),
        ("ruff format", [str(BIN / "ruff"), "format", "--check", "scripts", "tests"]),
        ("yaml", [sys.executable, "scripts/checks/check_yaml.py"]),
        (
            "workflows",
            [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *workflows],
        ),
        ("zizmor", [str(BIN / "zizmor"), "--offline", "--quiet", *workflows]),
        ("dbt parse", [str(BIN / "dbt"), "parse", "--quiet", "--no-partial-parse", "--warn-error"]),
        ("erd", [sys.executable, "scripts/checks/erd.py", "--check"]),
        ("dbt-bouncer", [str(BIN / "dbt-bouncer"), "--config-file", "dbt-bouncer.yml"]),
        ("sqlfluff", [str(BIN / "sqlfluff"), "lint", "--disable-progress-bar", *sql]),
        # No Jinja there. RF04: the page's short column names (owner, name, open) are words of SQL, allowed as aliases.
        (
            "sqlfluff report",
            [*plain_sqlfluff, "--exclude-rules", "RF02,RF04,ST06", "scripts/report/page/sql"],
        ),
    ]


def main() -> int:
    """Run all checks, print the output of those that fail; return 1 when any failed."""
    server = postgres.start()
    install_packages.install()
    failed = []
    with tempfile.TemporaryDirectory() as profiles:
        # The example is what a stranger copies: linting with it proves that it parses.
        (Path(profiles) / "profiles.yml").write_text(
            (ROOT / "profiles.example.yml").read_text(encoding="utf-8")
        )
        environment = {**os.environ, **server.environment("transformer"), "DBT_PROFILES_DIR": profiles}
        for name, command in list_checks():
            started = time.monotonic()
            result = subprocess.run(
                command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True
            )
            print(
                f"{'ok  ' if result.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - started:.1f} s)"
            )
            if result.returncode != 0:
                failed.append(name)
                print(result.stdout + result.stderr)
    print(f"lint: {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
