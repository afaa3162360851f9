"""Write the sample exports: deterministic from a seed, at any scale, in constant memory.

    python3 scripts/with_venv.py scripts/sample/generate.py                             the sample in raw_data/
    python3 scripts/with_venv.py scripts/sample/generate.py --deals 820000 --output big     about 10 million changes

Each source is a module with `write(folder, deals, months, seed)`, which returns the data rows of each file it
wrote. Every property and trap of the data is listed, with its share, in the module's docstring and in --help.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from command import command
from sample import hubspot, marketing, pipedrive, salesforce, settings
from with_venv import UserError

SOURCES = {
    "pipedrive": pipedrive,
    "salesforce": salesforce,
    "hubspot": hubspot,
    "marketing": marketing,
    "settings": settings,
}
MAX_DEALS = 100_000_000
MAX_MONTHS = 120


class Parser(argparse.ArgumentParser):
    """Ends a wrong call in one line instead of a usage text and a line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: an integer between the bounds, both included."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


@command
def main(arguments: list[str] | None = None) -> int:
    parser = Parser(
        prog="generate.py",
        description=__doc__,
        epilog="\n".join(module.__doc__ or "" for module in SOURCES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number = whole_number
    parser.add_argument("--output", type=Path, default=Path("raw_data"), help="folder, default raw_data")
    parser.add_argument("--deals", type=number(1, MAX_DEALS), default=2_000, help="scale, default 2000")
    parser.add_argument("--months", type=number(1, MAX_MONTHS), default=18, help="from 2024-01, default 18")
    parser.add_argument("--seed", type=number(0, 2**32), default=20240101, help="default 20240101")
    parser.add_argument("--only", choices=sorted(SOURCES), help="write this source alone")
    options = parser.parse_args(arguments)

    for source in [options.only] if options.only else SOURCES:
        folder = options.output / source
        started = time.monotonic()
        try:
            written = SOURCES[source].write(folder, options.deals, options.months, options.seed)
        except OSError as error:
            where = error.filename or folder
            raise UserError(f"cannot write {where}: {error.strerror}; choose another --output") from error
        seconds = time.monotonic() - started
        for name, rows in written.items():
            print(f"{folder / name}: {rows:,} rows")
        print(f"{source}: {sum(written.values()) / seconds:,.0f} rows/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
