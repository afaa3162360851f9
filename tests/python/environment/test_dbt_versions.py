"""The project runs on both releases of dbt-core that it promises, each with a lock file of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

import install_packages
import with_venv
from conftest import ROOT

LOCKS = {"1.11": "requirements.lock", "1.12": "requirements-dbt-1.12.lock"}
OTHER = "1.11" if version("dbt-core").startswith("1.12") else "1.12"


def read_pins(lock_file: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock_file).read_text(), re.MULTILINE))


@pytest.mark.parametrize("release", LOCKS)
def test_every_dbt_project_of_the_repository_allows_the_locked_dbt(release):
    locked = read_pins(LOCKS[release])["dbt-core"]
    assert locked.startswith(f"{release}.")
    for project in [ROOT / "dbt_project.yml", *ROOT.glob("compat_packages/*/dbt_project.yml")]:
        allowed = ",".join(yaml.safe_load(project.read_text())["require-dbt-version"])
        assert SpecifierSet(allowed).contains(locked), f"{project} does not allow dbt {locked}"


def test_the_lock_files_differ_by_dbt_alone():
    older, newer = (read_pins(lock_file) for lock_file in LOCKS.values())
    assert [name for name in older.keys() & newer.keys() if older[name] != newer[name]] == ["dbt-core"]
    # Nor does what tests and checks add change what the first of them installed.
    further = read_pins("requirements-dev.lock")
    for pins in (older, newer):
        assert [name for name in further.keys() & pins.keys() if further[name] != pins[name]] == []
    assert [name for name in further if name.startswith("dbt-")] == ["dbt-bouncer"]


def test_every_locked_dbt_package_has_a_stand_in():
    """dbt 1.12 refuses to parse where package-lock.yml lists a package that is not installed."""
    locked = {row["name"] for row in yaml.safe_load((ROOT / "package-lock.yml").read_text())["packages"]}
    assert locked == set(install_packages.find_packages(install_packages.COMPAT_DIR))


@pytest.fixture(scope="module")
def other_python(tmp_path_factory) -> Path:
    """A Python with the other release of dbt: SALES_FUNNEL_OTHER_DBT names it; at night it is made from its lock."""
    if named := os.environ.get("SALES_FUNNEL_OTHER_DBT"):
        return Path(named)
    if not os.environ.get("SALES_FUNNEL_NIGHTLY"):
        pytest.skip(f"SALES_FUNNEL_OTHER_DBT names no Python with dbt-core {OTHER}; made at night")
    folder = tmp_path_factory.mktemp("venv")
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    try:
        with_venv.install_packages(python, ROOT / LOCKS[OTHER], folder / "pip.log")
    except with_venv.UserError as error:
        pytest.skip(f"dbt-core {OTHER} cannot be installed here: {error}")
    return python


def test_the_sample_builds_on_the_other_dbt(other_python, server, databases, load, dbt_packages, tmp_path):
    """Models, seeds, data tests and unit tests, by its own command."""
    database = databases.create()
    load(ROOT / "raw_data", database=database)
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    command = [other_python, "-m", "dbt.cli.main", "--quiet", "build", "--project-dir", ROOT]
    command += ["--profiles-dir", tmp_path, "--target-path", tmp_path, "--log-path", tmp_path]
    variables = server.environment(database) | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=os.environ | variables
    )
    databases.drop(database)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    results = json.loads((tmp_path / "run_results.json").read_text())
    assert results["metadata"]["dbt_version"].startswith(f"{OTHER}.")
    assert len(results["results"]) > 500
