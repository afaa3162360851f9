#!/usr/bin/env python3
"""Run a Python script or module of this project in its own virtual environment.

    python3 scripts/with_venv.py scripts/demo.py
    python3 scripts/with_venv.py scripts/loader/load.py raw_data
    python3 scripts/with_venv.py -m pytest

The environment, .venv, is made from requirements.lock (every package pinned by hash) on the first run, and
again when that file changes. SALES_FUNNEL_LOCK_FILE names another one: requirements-dbt-1.12.lock, the same with
dbt-core 1.12. The first module (-m pytest) or script of DEVELOPMENT adds what requirements-dev.lock names. The scripts
of a folder with needs of its own (requirements-fetch.lock for scripts/fetch) run in an environment of their own
(.venv-fetch), made when the first of them runs. The packages beside this file (loader, server, ...) are on the path of
what is run. Standard library only: this is what runs before anything is installed.
"""

from __future__ import annotations  # so that an older Python reaches the message in main()

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILE = ROOT / os.environ.get("SALES_FUNNEL_LOCK_FILE", "requirements.lock")
VENV = ROOT / ".venv"
DEV_LOCK_FILE = ROOT / "requirements-dev.lock"
MARKER = "requirements.sha256"  # in the environment: of what it was made
# The scripts that need what tests and checks need.
DEVELOPMENT = ("lint.py", "benchmark.py", "screenshot.py")


class UserError(Exception):
    """Something that the user can mend; the message says in one line what is wrong and how."""


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Wait for and hold the only lock on a file or folder; it ends with the process."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def find_environment(script: str) -> tuple[Path, list[Path]]:
    """The environment of a script, or of a module for `-m`, and its lock files: those of its folder of scripts/ where
    that has one."""
    folder = Path(script).resolve().parent
    lock_file = ROOT / f"requirements-{folder.name}.lock"
    if folder.parent == ROOT / "scripts" and lock_file.is_file():
        return ROOT / f".venv-{folder.name}", [lock_file]
    is_development = script == "-m" or Path(script).name in DEVELOPMENT
    return VENV, [LOCK_FILE, DEV_LOCK_FILE] if is_development else [LOCK_FILE]


def is_ready(folder: Path, lock_files: list[Path]) -> bool:
    """Whether the environment holds what these very lock files name."""
    marker, wanted = folder / MARKER, digests(lock_files)
    return (
        os.access(folder / "bin" / "python", os.X_OK)
        and marker.exists()
        and marker.read_text().split()[: len(wanted)] == wanted
    )


def digests(lock_files: list[Path]) -> list[str]:
    return [hashlib.sha256(lock_file.read_bytes()).hexdigest() for lock_file in lock_files]


def ensure_venv(folder: Path, lock_files: list[Path]) -> None:
    """Make the environment, or add to it, unless it holds what these very lock files name. Raises UserError."""
    if not lock_files[0].is_file():
        raise UserError(f"SALES_FUNNEL_LOCK_FILE names {lock_files[0]}, which is no file")
    if is_ready(folder, lock_files):
        return
    # `make lint` and `make test` may start together.
    with exclusive_lock(lock_files[0]):
        for number in range(1, len(lock_files) + 1):
            if not is_ready(folder, lock_files[:number]):
                install(folder, lock_files[:number])


def install(folder: Path, lock_files: list[Path]) -> None:
    """Make the environment from a lock file; of several it holds all but the last. Raises UserError."""
    is_new, lock_file = len(lock_files) == 1, lock_files[-1]
    started = time.monotonic()
    told = "Making the virtual environment" if is_new else "Adding to the virtual environment"
    print(f"{told} {folder.name} from {lock_file.name} (once; half a minute) ...", flush=True)
    if is_new:
        import venv  # seldom needed, and 10 ms or more of every start

        try:
            venv.create(folder, clear=True, with_pip=True, symlinks=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(
                f"python -m venv failed ({error}); on Debian and Ubuntu: apt install python3-venv"
            ) from error
    install_packages(folder / "bin" / "python", lock_file, folder / "pip.log")
    # Last, so that an interrupted installation is not taken for a finished one.
    (folder / MARKER).write_text("\n".join(digests(lock_files)))
    print(f"Done in {time.monotonic() - started:.0f} s", flush=True)


def install_packages(python: Path, lock_file: Path, pip_log: Path) -> None:
    """pip install what the lock file names. Raises UserError with pip's own first error."""
    command: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock is complete, so there is nothing to resolve; bytecode is written at first import anyway.
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary", ":all:", "-r", lock_file]
    with pip_log.open("wb") as log:
        failed = subprocess.run(command, check=False, stdout=log, stderr=subprocess.STDOUT).returncode != 0
    if failed:
        lines = pip_log.read_text(errors="replace").splitlines()
        errors = [line for line in lines if line.startswith("ERROR:")]
        reason = (errors or lines[-1:] or ["no output"])[0]
        raise UserError(f"pip could not install {lock_file.name}: {reason} (whole output: {pip_log})")


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 10):
        print(f"Python 3.10 or newer is required, this is {sys.version.split()[0]}", file=sys.stderr)
        return 1
    if not arguments:
        print("usage: with_venv.py SCRIPT [ARGUMENT ...] | -m MODULE [ARGUMENT ...]", file=sys.stderr)
        return 2
    folder, lock_files = find_environment(arguments[0])
    try:
        ensure_venv(folder, lock_files)
    except UserError as error:
        print(f"with_venv.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.flush()
    # Containers often set it; without bytecode, every start of dbt compiles a thousand files. It lies in .venv mostly,
    # and git ignores it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    python = str(folder / "bin" / "python")
    return os.execv(python, [python, *arguments])  # does not return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
