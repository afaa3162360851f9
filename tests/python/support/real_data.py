"""The public exports that the project is checked against. They have no licence, so they lie outside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import ROOT

REAL_DATA = Path(os.environ.get("SALES_FUNNEL_REAL_DATA", ROOT.parent / "shared" / "real_data"))


def require(name: str) -> Path:
    """The folder of one real export ('pipedrive', 'gtm'); skips the test, visibly, where it is not at hand."""
    folder = REAL_DATA / name
    if not folder.is_dir():
        pytest.skip(f"no real exports at {folder}; SALES_FUNNEL_REAL_DATA names their folder")
    return folder
