"""axe-core, the npm package, finds nothing moderate or worse on the page, in either theme."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.browser import needs_browser

pytest_plugins = ("support.browser",)
pytestmark = needs_browser
AXE = "axe-core@4.14.1"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script, from npm, which checks what it fetches; the version is pinned."""
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("no npm on the PATH to fetch axe-core with")
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run([npm, "pack", AXE, "--silent"], cwd=folder, check=True, timeout=120)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        return archive.extractfile("package/axe.min.js").read().decode("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(scheme: str, width: int, axe: str, sample_page: Path, open_tab: Callable) -> None:
    page = open_tab(scheme=scheme, width=width).open(sample_page)
    page.evaluate(axe)
    assert list_faults(page) == []
    page.locator("#tile-revenue .figure").click()
    assert list_faults(page) == []


def list_faults(page) -> list[str]:
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['impact']} {fault['id']}: {node['html'][:120]}"
        for fault in found["violations"]
        if fault["impact"] in ("moderate", "serious", "critical")
        for node in fault["nodes"][:5]
    ]
