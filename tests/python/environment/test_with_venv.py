"""Which environment a script runs in."""

from __future__ import annotations

import pytest

import with_venv
from conftest import ROOT


@pytest.mark.parametrize(
    "script", ["scripts/demo.py", "scripts/loader/load.py", "tests/python/fetch/test_from_api.py", "-m"]
)
def test_scripts_run_in_one_environment(script):
    assert with_venv.find_environment(str(ROOT / script)) == (with_venv.VENV, with_venv.LOCK_FILE)


def test_scripts_that_fetch_run_in_their_own_which_nothing_else_needs():
    found = with_venv.find_environment(str(ROOT / "scripts" / "fetch" / "from_api.py"))
    assert found == (ROOT / ".venv-fetch", ROOT / "requirements-fetch.lock")
    assert "\ndlt==" in found[1].read_text() and "\ndlt==" not in with_venv.LOCK_FILE.read_text()


def test_bytecode_is_kept_where_the_machine_says_otherwise(monkeypatch):
    started = []
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(with_venv, "ensure_venv", lambda *_: None)
    monkeypatch.setattr(with_venv.os, "execv", lambda *_: started.append(dict(with_venv.os.environ)) or 0)
    assert with_venv.main(["scripts/demo.py"]) == 0
    assert "PYTHONDONTWRITEBYTECODE" not in started[0]
