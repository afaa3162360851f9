"""Write the sample exports: deterministic from a seed, at any scale, in constant memory.

    python3 scripts/with_venv.py scripts/sample/generate.py                             the sample in raw_data/
    python3 scripts/with_venv.py scripts/sample/generate.py --deals 820000 --output big     about 10 million changes

Each source is a module with `write(folder, deals, months, seed)`, which returns the data rows of each file it
wrote. Every property and trap of the data is listed, with its share, in the module's docstring and in --help.
"""

import argparse
import sys
import time
from pathlib import Path

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
LARGEST = {"deals": 100_000_000, "months": 120}


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="generate.py",
        description=__doc__,
        epilog="\n".join(module.__doc__ or "" for module in SOURCES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=Path("raw_data"), help="folder, default raw_data")
    parser.add_argument("--deals", type=int, default=2_000, help="scale, default 2000")
    parser.add_argument("--months", type=int, default=18, help="from 2024-01, default 18")
    parser.add_argument("--seed", type=int, default=20240101, help="default 20240101")
    parser.add_argument("--only", choices=sorted(SOURCES), help="write this source alone")
    options = parser.parse_args(arguments)
    for name, largest in LARGEST.items():
        if not 1 <= getattr(options, name) <= largest:
            parser.error(f"argument --{name}: {getattr(options, name)} is not from 1 to {largest}")

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
