"""Which environment a script runs in."""

from __future__ import annotations

import pytest

import with_venv
from conftest import ROOT


@pytest.mark.parametrize("script", ["scripts/demo.py", "scripts/loader/load.py", "scripts/checks/pages.py"])
def test_scripts_run_in_one_environment(script):
    assert with_venv.find_environment(str(ROOT / script)) == (with_venv.VENV, [with_venv.LOCK_FILE])


@pytest.mark.parametrize("script", ["-m", "scripts/lint.py", "scripts/bench/benchmark.py"])
def test_tests_and_checks_add_what_they_need_to_it(script):
    found = with_venv.find_environment(script)
    assert found == (with_venv.VENV, [with_venv.LOCK_FILE, with_venv.DEV_LOCK_FILE])


@pytest.mark.parametrize("package", ["playwright", "duckdb", "mypy", "sqlfluff", "pytest"])
def test_the_demo_installs_nothing_that_only_tests_and_checks_need(package):
    assert f"\n{package}==" in with_venv.DEV_LOCK_FILE.read_text()
    assert f"\n{package}==" not in with_venv.LOCK_FILE.read_text()


def test_an_environment_is_made_and_added_to_once(tmp_path, monkeypatch):
    installed = []
    monkeypatch.setattr(
        with_venv, "install_packages", lambda _, lock_file, __: installed.append(lock_file.name)
    )
    first, further = tmp_path / "requirements.lock", tmp_path / "requirements-dev.lock"
    first.write_text("a==1\n")
    further.write_text("b==1\n")
    folder = tmp_path / ".venv"
    for lock_files in ([first], [first], [first, further], [first, further], [first]):
        with_venv.ensure_venv(folder, lock_files)
        assert with_venv.is_ready(folder, lock_files)
    assert installed == ["requirements.lock", "requirements-dev.lock"]
    further.write_text("b==2\n")
    assert with_venv.is_ready(folder, [first])
    with_venv.ensure_venv(folder, [first, further])
    first.write_text("a==2\n")  # made anew, so that the further packages are gone
    with_venv.ensure_venv(folder, [first])
    assert not with_venv.is_ready(folder, [first, further])
    assert installed[2:] == ["requirements-dev.lock", "requirements.lock"]


def test_scripts_that_fetch_run_in_their_own_which_nothing_else_needs():
    found = with_venv.find_environment(str(ROOT / "scripts" / "fetch" / "from_api.py"))
    assert found == (ROOT / ".venv-fetch", [ROOT / "requirements-fetch.lock"])
    assert "\ndlt==" in found[1][0].read_text() and "\ndlt==" not in with_venv.LOCK_FILE.read_text()


def test_bytecode_is_kept_where_the_machine_says_otherwise(monkeypatch):
    started = []
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(with_venv, "ensure_venv", lambda *_: None)
    monkeypatch.setattr(with_venv.os, "execv", lambda *_: started.append(dict(with_venv.os.environ)) or 0)
    assert with_venv.main(["scripts/demo.py"]) == 0
    assert "PYTHONDONTWRITEBYTECODE" not in started[0]
