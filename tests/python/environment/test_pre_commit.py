"""The hooks of .pre-commit-config.yaml refuse what they are there for, in a repository of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import with_venv
from conftest import ROOT

# Written in two parts, so that the hook lets this file pass.
KEY = "AKIA" + "IOSFODNN7EXAMPLF"


@pytest.fixture(scope="module")
def commit(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, str, str], subprocess.CompletedProcess[str]]:
    """commit(hook, name, content): what the hook says of a file that is added."""
    if not with_venv.is_ready(*with_venv.find_environment("-m")):
        pytest.skip("hooks would make .venv anew: it is not that of the lock file")
    folder = tmp_path_factory.mktemp("repository")
    for name in (".pre-commit-config.yaml", "pyproject.toml", *(path.name for path in ROOT.glob("*.lock"))):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").symlink_to(with_venv.VENV)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)

    def run(hook: str, name: str, content: str) -> subprocess.CompletedProcess[str]:
        path: Path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        subprocess.run(["git", "add", "--", name], cwd=folder, check=True)
        command = [sys.executable, "-m", "pre_commit", "run", hook, "--files", name]
        return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("hook", "name", "bad", "complaint", "good"),
    [
        ("ruff", "scripts/odd.py", "import os\n", "F401", "import os\n\nprint(os.name)\n"),
        ("ruff-format", "scripts/odd.py", "x = {  'a':1 }\n", "would be reformatted", 'x = {"a": 1}\n'),
        ("secrets", "odd.yml", f"key: {KEY}\n", "AWS Access Key", "key: no secret\n"),
        ("large-files", "odd.csv", "x" * 1_600_000, "exceeds 1500 KB", "x\n"),
    ],
    ids=["ruff", "ruff-format", "secrets", "large-files"],
)  # fmt: skip
def test_a_hook_refuses_what_it_is_there_for(commit, hook, name, bad, complaint, good):
    refused = commit(hook, name, bad)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert complaint in refused.stdout
    passed = commit(hook, name, good)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout
