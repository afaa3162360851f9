"""Fetch what a CRM's API holds, as CSV files that the loader reads.

    PIPEDRIVE_API_TOKEN=... python3 scripts/with_venv.py scripts/fetch/from_api.py pipedrive --to exports
    ... pipedrive --to exports --since last      what has changed since the last complete run; load with --mode delta

The token comes from the environment alone. A run that was cut off, by whatever it was, goes on with the same command.
Exit status: 0 the files are written, 1 they are as they were and one line says why, 2 usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from with_venv import UserError

TOKEN = "PIPEDRIVE_API_TOKEN"  # noqa: S105 - the name of the variable


def main(argv: Sequence[str] | None = None) -> int:
    given = parse_arguments(argv)
    token = os.environ.get(TOKEN, "").strip()
    try:
        check_access(token, given.url)
        run(given, token)
    except UserError as error:
        said = " ".join(str(error).split())
        print(f"fetch: error: {said.replace(token, '***') if token else said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fetch: interrupted; what was fetched is kept, and the same command goes on", file=sys.stderr)
        return 130
    return 0


def run(given: argparse.Namespace, token: str) -> None:
    from fetch import pipedrive  # takes a second, which a wrong argument need not wait for
    from fetch.client import Api
    from fetch.work import open_work

    with open_work(given.to) as work:
        pipedrive.fetch(Api(given.url, token), given.since, work, given.to)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="from_api.py", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("crm", choices=["pipedrive"], help="whose API")
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="where the files are written"
    )
    parser.add_argument(
        "--since",
        type=since,
        metavar="DATE",
        help="only deals and activities that have changed since: 2026-01-31, 2026-01-31T05:00Z, or last, the start"
        " of the last complete run into this folder (default: all)",
    )
    parser.add_argument(
        "--url",
        type=lambda url: url.rstrip("/"),
        default=os.environ.get("PIPEDRIVE_URL") or "https://api.pipedrive.com",
        help="address of the API, e.g. https://acme.pipedrive.com (default: PIPEDRIVE_URL, or %(default)s)",
    )
    return parser.parse_args(argv)


def since(written: str) -> str:
    """As the API wants it: in UTC, without fractions."""
    if written == "last":
        return written
    moment = datetime.fromisoformat(written.replace("Z", "+00:00"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_access(token: str, url: str) -> None:
    """Raises UserError; a token with odd characters would be quoted by whatever stumbles over it."""
    if not token:
        raise UserError(f"{TOKEN} is not set; Pipedrive shows the token under Personal preferences, API")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UserError(f"{TOKEN} has characters that no token has; copy it again")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise UserError(f"{url}: an address begins with https://, or the token could be read on its way")


if __name__ == "__main__":
    sys.exit(main())
