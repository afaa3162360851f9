#!/usr/bin/env python3
"""The pictures of the documentation, docs/images/report*.png: the report of the sample, as make demo builds it.

    python3 scripts/with_venv.py scripts/report/screenshot.py

Reads the database of the sample only, so that no real figure can get into a picture. Needs a Chromium:
SALES_FUNNEL_BROWSER names one, else it is looked for on the PATH.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

from command import command
from report.write_report import write_report
from server import postgres
from server.database import DATABASE
from with_venv import ROOT, UserError

FOLDER = ROOT / "docs" / "images"
# Of each picture, the figure that is clicked before it is taken, if any.
PICTURES = {"report.png": None, "report-deals.png": "#card-losses rect.picks"}
WIDTH, HEIGHT = 1280, 1150
LIMIT_BYTES = 400_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def take(browser: str) -> None:
    """Write the pictures. Raises UserError, psycopg2.Error, playwright's Error."""
    server = postgres.start()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(server.connect("reporter", DATABASE)) as connection,
        sync_playwright() as playwright,
    ):
        page = write_report(connection, Path(folder) / "index.html")
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, figure in PICTURES.items():
            tab = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            tab.goto(page.as_uri())
            tab.wait_for_selector("#cards[aria-busy=false]", state="attached")
            if figure:
                tab.locator(figure).first.click()
            tab.screenshot(path=FOLDER / name)
        chromium.close()
    for size, name in [((FOLDER / name).stat().st_size, name) for name in PICTURES]:
        if size > LIMIT_BYTES:
            raise UserError(f"{name} has {size} bytes, more than {LIMIT_BYTES}")


@command
def main() -> int:
    found = os.environ.get("SALES_FUNNEL_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        raise UserError("no Chromium on the PATH; SALES_FUNNEL_BROWSER names one")
    try:
        take(found)
    except Error as error:
        raise UserError(str(error)) from error
    for name in PICTURES:
        print(f"{os.path.relpath(FOLDER / name)} ({(FOLDER / name).stat().st_size / 1e3:.0f} kB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
