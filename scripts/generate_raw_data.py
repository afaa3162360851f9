"""Write the sample CRM exports: deterministic from a seed, at any scale, in constant memory.

    python scripts/generate_raw_data.py                              # the committed sample, raw_data/
    python scripts/generate_raw_data.py --deals 700000 --output /tmp/big   # about 10 million change rows

Each source is a module with a `write(folder, deals, months, seed)` that yields a line about each file; its
docstring lists every property of its data with the share of rows that have it.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import NoReturn

import sample_pipedrive
import sample_salesforce

SOURCES = {"pipedrive": sample_pipedrive.write, "salesforce": sample_salesforce.write}
MAX_DEALS = 100_000_000
MAX_MONTHS = 120


class Parser(argparse.ArgumentParser):
    """Ends a wrong call in one line instead of a usage text and a line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"generate_raw_data: {message}; see --help\n")


def whole_number(low: int, high: int):
    """An argparse type: an integer between the bounds, both included."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(
        prog="generate_raw_data.py",
        description=__doc__,
        epilog=sample_pipedrive.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=Path("raw_data"), help="folder to write to (default raw_data)")
    parser.add_argument("--deals", type=whole_number(1, MAX_DEALS), default=2_000, help="scale (default 2000)")
    parser.add_argument("--months", type=whole_number(1, MAX_MONTHS), default=18, help="from 2024-01 (default 18)")
    parser.add_argument("--seed", type=whole_number(0, 2**32), default=20240101, help="default 20240101")
    parser.add_argument("--only", choices=sorted(SOURCES), help="write this source alone")
    options = parser.parse_args(arguments)

    for source in [options.only] if options.only else SOURCES:
        started = time.monotonic()
        try:
            written = SOURCES[source](options.output / source, options.deals, options.months, options.seed)
        except OSError as error:
            print(f"generate_raw_data: cannot write {error.filename}: {error.strerror}; choose another --output",
                  file=sys.stderr)  # fmt: skip
            return 1
        seconds = time.monotonic() - started
        for name, rows in written.items():
            print(f"{options.output / source / name}: {rows:,} rows")
        print(f"{source}: {sum(written.values()) / seconds:,.0f} rows/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
