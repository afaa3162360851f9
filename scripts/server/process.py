"""The embedded server's process: started on a free port, awaited, stopped; no pid file is trusted."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path

from server.cluster import HOST, read_settings, write_configuration, write_settings
from server.programs import environment_of_tools, give_to, last_complaint, run_program
from with_venv import UserError

START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 60
LAUNCH_SECONDS = 1.5  # by then a postmaster has written its pid file, or given up
LOG_LIMIT_BYTES = 20_000_000


def start_process(
    binaries: Path, home: Path, user: pwd.struct_passwd | None, port: int | None, durable: bool
) -> int:
    """Start the server of the cluster in `home` unless it runs; the port that it listens on. Raises UserError."""
    settings = read_settings(home)
    if postmaster_pid(home):
        running_on = int(settings["port"])
        _wait_until_ready(binaries, home, running_on)  # it starts or recovers at this moment
        return running_on
    _forget_recycled_pid(home)
    if port is not None and not _is_free(port):
        raise UserError(f"port {port} of {HOST} is taken by another program; choose another with --port")
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        chosen = port or settings.get("port")
        if chosen is None or not _is_free(chosen):
            chosen = _free_port()
        write_settings(home, settings | {"port": chosen})
        write_configuration(home, chosen, durable)
        try:
            log_start = _launch(binaries, home, user)
            _wait_until_ready(binaries, home, chosen, log_start)
        except UserError as error:
            # The first passes: backends of a killed server that have not ended yet. The second: another program
            # took the port between our look and PostgreSQL's.
            passing = ("pre-existing shared memory block", "could not create any TCP/IP sockets")
            if not any(reason in str(error) for reason in passing) or time.monotonic() > deadline:
                raise
            continue
        return int(chosen)


def _forget_recycled_pid(home: Path) -> None:
    """Delete the pid file of a killed server if its number is another program's now: PostgreSQL would take that one
    for itself. In every other case the file stays, for PostgreSQL learns from it whether old backends still run."""
    if (pid := _noted_pid(home)) is None:
        return
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    (home / "data" / "postmaster.pid").unlink()


def _launch(binaries: Path, home: Path, user: pwd.struct_passwd | None) -> int:
    """Start the postmaster, without waiting for it; the place in the log where its messages begin."""
    log = home / "log"
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.unlink()
    give_to(log, user, create=True)
    log_start = log.stat().st_size
    command: list[str | Path] = [binaries / "pg_ctl", "start", "--silent", "--no-wait"]
    command += ["-D", home / "data", "-l", log]
    run_program(command, user, "pg_ctl could not start PostgreSQL", log)
    return log_start


def _wait_until_ready(binaries: Path, home: Path, port: int, log_start: int = 0) -> None:
    """Wait for the server to accept connections; after a crash that includes recovery. Raises UserError."""
    started = time.monotonic()
    command: list[str | Path] = [binaries / "pg_isready", "--quiet", "-h", HOST, "-p", str(port)]
    while True:
        # Whoever else answers on the port, it is not ready while there is no process of ours.
        alive = postmaster_pid(home) is not None
        ready = subprocess.run(command, check=False, env=environment_of_tools(), cwd="/").returncode == 0
        if alive and ready:
            return
        waited = time.monotonic() - started
        if waited > START_TIMEOUT_SECONDS or (waited > LAUNCH_SECONDS and not alive):
            complaint = last_complaint(home / "log", log_start)
            raise UserError(f"PostgreSQL did not start: {complaint} (log: {home / 'log'})")
        time.sleep(0.05)


def stop_process(home: Path) -> bool:
    """Stop the server of the cluster in `home`; False if none runs. Raises UserError."""
    pid = postmaster_pid(home)
    if pid is None:
        return False
    # Fast shutdown first; if a backend hangs, the immediate one, from which the next start recovers.
    for shutdown in (signal.SIGINT, signal.SIGQUIT):
        os.kill(pid, shutdown)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if postmaster_pid(home) is None:
                return True
            time.sleep(0.05)
    raise UserError(f"PostgreSQL (process {pid}) does not stop; see {home / 'log'}")


def postmaster_pid(home: Path) -> int | None:
    """The process id of this cluster's live server, else None. The pid file alone is not believed."""
    pid = _noted_pid(home)
    return pid if pid is not None and str(home / "data") in _command_line(pid) else None


def _noted_pid(home: Path) -> int | None:
    """What the pid file says; None where there is none, or it is not written yet."""
    try:
        return int((home / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _command_line(pid: int) -> str:
    """The command line of a process; empty if there is none or it is a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "command="], check=False, capture_output=True, text=True
    )
    return listed.stdout


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As PostgreSQL does: a connection that lingers after a stop does not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
