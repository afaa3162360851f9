"""docs/guards.md: every clause of the promise "right or refused" and the test that guards it, from tests/guards/*.yml.

python3 scripts/with_venv.py scripts/checks/guards_page.py              write it
python3 scripts/with_venv.py scripts/checks/guards_page.py --check      fail where the written one is out of date
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from with_venv import ROOT

GUARDS = ROOT / "tests" / "guards"
PAGE = ROOT / "docs" / "guards.md"
CLAUSES = (  # noqa: SIM905
    "0 1a 1b 1c 1d 2 3 4 5 6a 6b 6c 6d 6e 7 8 9 10a 10b 10c 11a 11b 12 13 14a 14b 15a 15b 16a 16b 16c 16d 16e 17 18"
    " 19a 19b 19c 19d 20 21 22 23a 23b 23c 24a 24b 25a 25b 26a 26b 26c 27"
).split()
INTRODUCTION = """# What each promise is guarded by

The warehouse is right, or it refuses: no silent wrong figure, no table that vanishes, no lawful data turned away. Each
line is one clause of that promise and the test that guards it. Written by `python3 scripts/with_venv.py
scripts/checks/guards_page.py` from `tests/guards/*.yml`.

`tests/python/environment/test_guards.py` proves that the guards are awake: it breaks the code as the clause's file
says, in a copy of the project, runs the guard there, and the guard must fail. *each run*: with every `make test`.
*nightly*: the guard builds a warehouse, so it is broken at night. *waiting*: the code does not keep the promise yet;
the test is written and marked as an expected failure, and the mark has to go as soon as the promise holds.

| clause | promise | guard | broken |
|---|---|---|---|
"""
NIGHTLY = """
## What runs nightly

`make nightly` (.github/workflows/nightly.yml) runs the whole suite with `SALES_FUNNEL_NIGHTLY` set. On top of what
every push runs, that is:

- every test marked `nightly`: the *nightly* guards above, broken one after the other; the odd inputs of the mutation
  matrix through every mart and every test; and what those tests say of themselves;
- more random sequences: 200 in place of 10 of changed definitions, 1 500 in place of 30 of the incremental contract, 20
  in place of 8 of its half for the pipeline;
- six of the nine broken rules of that contract;
- five of the eight faults in the middle of a night: builds whose connection, process or statement is ended, and two
  builds at once with a load meanwhile;
- 21 of the 24 parts of the data, and the sample under another zone, currency and fiscal year each by itself;
- the grants of every relation through a full refresh, in place of those of each kind of relation.
"""


@dataclass(frozen=True)
class Guard:
    """One file of tests/guards. `file`, `right` and `wrong` are empty where the clause waits for something."""

    clause: str
    says: str
    guard: str
    speed: str = ""
    waits_for: str = ""
    file: str = ""
    right: str = ""
    wrong: str = ""


def read_guards(folder: Path = GUARDS) -> list[Guard]:
    """All guards in the order of their clauses. TypeError where a file has an unknown key or lacks one."""
    guards = []
    for path in folder.glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        guards.append(
            Guard(
                **{key: value for key, value in content.items() if key != "break"}, **content.get("break", {})
            )
        )
    return sorted(guards, key=lambda guard: (CLAUSES.index(guard.clause), guard.waits_for))


def format_page(guards: list[Guard]) -> str:
    lines = []
    for guard in guards:
        when = (
            f"waiting for {guard.waits_for}"
            if guard.waits_for
            else {"quick": "each run", "slow": "nightly"}[guard.speed]
        )
        path, _, test = guard.guard.partition("::")
        link = f"[`{test}`](../{path})" if test else f"[`{Path(path).name}`](../{path})"
        lines.append(f"| {guard.clause} | {' '.join(guard.says.split())} | {link} | {when} |\n")
    return INTRODUCTION + "".join(lines) + NIGHTLY


def main() -> int:
    page = format_page(read_guards())
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
            return 0
        print(
            "docs/guards.md is out of date: python3 scripts/with_venv.py scripts/checks/guards_page.py",
            file=sys.stderr,
        )
        return 1
    PAGE.write_text(page, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
