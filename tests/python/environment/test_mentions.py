"""Documentation, workflows, messages and guards name files of the project that are there, and every script is named."""

from __future__ import annotations

import re
import subprocess

import pytest

from conftest import ROOT

MENTION = re.compile(
    r"(?<![\w/.{}<*-])(?:scripts|tests|macros|models|docs|analyses|seeds)/[\w./-]+\.(?:py|sql|ya?ml|md|js|csv)\b"
)
READ = (".md", ".yml", ".yaml", ".sql", ".toml", ".py", ".js")
# What is said of earlier releases stays as it was, and tests make files up.
NOT_READ = ("CHANGELOG.md", "docs/plans.md", "tests/python/")


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not in a git repository")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_every_file_that_is_named_is_there(tracked):
    texts = [name for name in tracked if name.endswith((*READ, "Makefile")) and not name.startswith(NOT_READ)]
    named = {
        (name, found)
        for name in texts
        for found in MENTION.findall((ROOT / name).read_text(encoding="utf-8"))
    }
    assert len(named) > 200
    assert sorted((name, found) for name, found in named if not (ROOT / found).is_file()) == []


def test_the_readme_of_the_scripts_names_each(tracked):
    readme = (ROOT / "scripts" / "README.md").read_text(encoding="utf-8")
    commands = [
        name
        for name in tracked
        if re.fullmatch(r"scripts/(\w+/)?\w+\.py", name)
        and '__name__ == "__main__"' in (ROOT / name).read_text(encoding="utf-8")
    ]
    steps = [name for name in tracked if re.fullmatch(r"scripts/loader/(?!__)\w+\.py", name)]
    assert len(commands) > 15
    assert [name for name in (*commands, *steps) if f"`{name.rpartition('/')[2]}`" not in readme] == []
