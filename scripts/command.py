"""How a command tells its result, and how it ends where its user has to mend something: one line, no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import psycopg2

from with_venv import UserError

Arguments = ParamSpec("Arguments")
BEGIN, END = "<!-- generated -->", "<!-- end of generated -->"


def publish(markdown: str) -> None:
    """Print it, and append it to the summary of the step where a workflow of GitHub asks for one."""
    print(markdown)
    if step_summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(step_summary).open("a", encoding="utf-8") as file:
            file.write(markdown + "\n")


def keep_page(path: Path, text: str, check: bool = False) -> None:
    """Put the text between the two markers of a page; or check that it stands there, and raise UserError if not."""
    page = path.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    renewed = f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}"
    if check and renewed != page:
        raise UserError(f"docs/{path.name} is out of date; without --check this command writes it")
    path.write_text(renewed, encoding="utf-8")


def command(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """Exit status 1 and the line for what a user can mend, 130 for an interruption."""

    @wraps(main)
    def run(*args: Arguments.args, **named: Arguments.kwargs) -> int:
        try:
            return main(*args, **named)
        except (UserError, psycopg2.Error, OSError) as error:
            print(f"{Path(main.__code__.co_filename).name}: {' '.join(str(error).split())}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130

    return run
