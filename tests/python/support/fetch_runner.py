"""Runs from_api.py many times without importing dlt as often: reads a line of JSON, forks, and writes two.

    {"arguments": [...], "environment": {...}, "kill_at_rename": 3}
    {"pid": 1}
    {"status": 0, "out": "", "err": ""}

Runs in .venv-fetch, as from_api.py does. What is tried again is tried again soon.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from fetch import client


def run(asked: dict, out: int, err: int) -> None:
    from fetch import from_api
    from fetch.endpoints import ENDPOINTS

    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.environ.pop("PIPEDRIVE_API_TOKEN", None)
    os.environ.update(asked["environment"])
    client.BACKOFF = 0.01
    client.ATTEMPTS = 4
    replace, renamed = Path.replace, []

    def killing_replace(source: Path, target: Path) -> Path:
        if len(renamed) == asked["kill_at_rename"]:
            os.kill(os.getpid(), signal.SIGKILL)
        renamed.append(target)
        return replace(source, target)

    if asked.get("kill_at_rename") is not None:
        Path.replace = killing_replace
    for name, paging in asked.get("endpoints", {}).items():
        endpoint = ENDPOINTS[name]
        path = endpoint.path.replace("/api/v2/", "/v1/")
        ENDPOINTS[name] = endpoint._replace(path=path, paging=paging)
    if asked.get("limit"):  # of the size of a file: a disk that is full
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["limit"], asked["limit"]))
    try:
        status = from_api.main(asked["arguments"])
    except SystemExit as leaving:
        status = leaving.code
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 99
    with Path("/proc/self/status").open() as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    print(f"\npeak {peak}", flush=True)
    os._exit(status)


def main() -> None:
    from fetch import pipedrive
    from fetch.client import Api

    # Now, and not in each child: what is imported, and what dlt makes at its first request.
    with contextlib.suppress(pipedrive.UserError):
        client.ATTEMPTS = 1
        list(Api("http://127.0.0.1:1", "none").pages("users"))
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            pid = os.fork()
            if pid == 0:
                run(asked, out.fileno(), err.fileno())
            print(json.dumps({"pid": pid}), flush=True)
            _, how = os.waitpid(pid, 0)
            out.seek(0)
            err.seek(0)
            texts = {"out": out.read().decode(), "err": err.read().decode()}
            print(json.dumps({"status": os.waitstatus_to_exitcode(how), **texts}), flush=True)


main()
