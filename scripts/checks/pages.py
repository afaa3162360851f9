"""The pages of docs/ that are made from the project: erd.md, guards.md and names.md.

    python3 scripts/with_venv.py scripts/checks/pages.py              write them
    python3 scripts/with_venv.py scripts/checks/pages.py --check      fail where one is out of date, as lint does

Reads target/manifest.json, as dbt parse leaves it, and tests/guards.
"""

from __future__ import annotations

import sys

from checks import erd, guards_page, names_page
from checks.check_layers import read_manifest
from command import command, keep_page


@command
def main() -> int:
    manifest = read_manifest()
    for page, text in (
        (erd.PAGE, erd.draw(manifest)),
        (guards_page.PAGE, guards_page.format_table(guards_page.read_guards())),
        (names_page.PAGE, names_page.format_table(names_page.read_names(manifest))),
    ):
        keep_page(page, text, check="--check" in sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
