#!/usr/bin/env python3
"""Fill dbt_packages/, from the first of these that is there:

1. the folder of checkouts that DBT_PACKAGE_MIRROR names (companies without internet have one);
2. the dbt Hub, by `dbt deps` and package-lock.yml;
3. compat_packages/, this project's own stand-ins for the few tests and macros that it uses.

Does nothing when dbt_packages/ is as wanted. What came from compat_packages/ stays until dbt_packages/ is
deleted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from command import command
from with_venv import ROOT, UserError, exclusive_lock

PACKAGES_DIR = ROOT / "dbt_packages"
COMPAT_DIR = ROOT / "compat_packages"
NEEDED = ("dbt_utils", "dbt_expectations", "dbt_date")
MARKER = PACKAGES_DIR / "installed_from"
HUB_TIMEOUT_SECONDS = 4
DEPS_TIMEOUT_SECONDS = 120


def install() -> str:
    """Fill dbt_packages/ if need be; one line that says where the packages are from. Raises UserError."""
    with exclusive_lock(ROOT / "packages.yml"):
        mirror = os.environ.get("DBT_PACKAGE_MIRROR")
        installed = _read_marker()
        if mirror:
            checkouts = find_packages(Path(mirror).expanduser())
            missing = [name for name in NEEDED if name not in checkouts]
            if missing:
                raise UserError(f"DBT_PACKAGE_MIRROR={mirror} holds no checkout of {', '.join(missing)}")
            source = f"mirror {fingerprint(checkouts.values())}"
            if installed != source:
                copy_packages(checkouts, PACKAGES_DIR)
                MARKER.write_text(source)
            return f"dbt packages: from DBT_PACKAGE_MIRROR={mirror}"

        hub = f"hub {fingerprint([ROOT / 'packages.yml', ROOT / 'package-lock.yml'])}"
        compat = f"compat {fingerprint([COMPAT_DIR])}"
        if installed not in (hub, compat):
            if _hub_answers() and _dbt_deps():
                installed = hub
            else:
                copy_packages(find_packages(COMPAT_DIR), PACKAGES_DIR)
                installed = compat
            MARKER.write_text(installed)
        if installed == hub:
            return "dbt packages: from the dbt Hub, as package-lock.yml says"
        return (
            "dbt packages: the dbt Hub is out of reach, so the project's own stand-ins in compat_packages/ are used "
            "(same tests and verdicts; delete dbt_packages/ to try the Hub again)"
        )


def find_packages(folder: Path) -> dict[str, Path]:
    """The needed dbt packages among the sub-folders of `folder`, by the name in their dbt_project.yml."""
    import yaml  # where the packages are as wanted, nothing is read

    found = {}
    for project in sorted(folder.glob("*/dbt_project.yml")):
        name = yaml.safe_load(project.read_text(encoding="utf-8"))["name"]
        if name in NEEDED:
            found[name] = project.parent
    return found


def copy_packages(packages: dict[str, Path], destination: Path) -> None:
    """Replace what is in `destination` by copies of these packages; their own test projects stay behind."""
    shutil.rmtree(destination, ignore_errors=True)
    ignored = shutil.ignore_patterns(".*", "integration_tests", "dbt_packages", "target", "logs")
    for name, folder in packages.items():
        shutil.copytree(folder, destination / name, ignore=ignored)


def fingerprint(paths: Iterable[Path]) -> str:
    """SHA-256 of the files, and of the .sql, .yml and .csv files in the folders, by name and content."""
    digest = hashlib.sha256()
    for path in paths:
        inside = sorted(file for file in path.rglob("*") if file.suffix in (".sql", ".yml", ".csv"))
        for file in [path] if path.is_file() else inside:
            digest.update(bytes(file.relative_to(path.parent)) + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _read_marker() -> str:
    return MARKER.read_text() if MARKER.exists() else ""


def _hub_answers() -> bool:
    """Whether the Hub answers quickly. A resolver without network may hang for long, hence the thread."""
    import urllib.request

    from dbt.clients.registry import DEFAULT_REGISTRY_BASE_URL

    base = os.environ.get("DBT_PACKAGE_HUB_URL") or str(DEFAULT_REGISTRY_BASE_URL)
    answered = threading.Event()

    def ask() -> None:
        try:
            url = f"{base.rstrip('/')}/api/v1/dbt-labs/dbt_utils.json"
            # S310 fears file: addresses; whoever may set DBT_PACKAGE_HUB_URL may read files anyhow.
            with urllib.request.urlopen(url, timeout=HUB_TIMEOUT_SECONDS) as reply:  # noqa: S310 (see above)
                if reply.status == 200:
                    answered.set()
        except (OSError, ValueError):
            pass  # not within reach

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_TIMEOUT_SECONDS)
    return answered.is_set()


def _dbt_deps() -> bool:
    command: list[str | Path] = [
        Path(sys.executable).parent / "dbt",
        "--quiet",
        "deps",
        "--project-dir",
        ROOT,
    ]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=DEPS_TIMEOUT_SECONDS,
            cwd=ROOT,
            env=os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        )
    except subprocess.TimeoutExpired:
        print(f"dbt deps took more than {DEPS_TIMEOUT_SECONDS} s and was given up", file=sys.stderr)
        return False
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip().splitlines()
        print(f"dbt deps failed: {output[-1] if output else 'no output'}", file=sys.stderr)
    return done.returncode == 0 and all((PACKAGES_DIR / name).is_dir() for name in NEEDED)


@command
def main() -> int:
    print(install())
    return 0


if __name__ == "__main__":
    sys.exit(main())
