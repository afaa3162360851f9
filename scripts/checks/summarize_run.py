#!/usr/bin/env python3
"""What a scheduled run did, for people: Markdown from dbt's run_results.json and sources.json.

    python3 scripts/with_venv.py scripts/checks/summarize_run.py [--target-path target] [--max-age 12]

Prints it, appends it to the GitHub step summary where GITHUB_STEP_SUMMARY names one, and, when something failed or
warned, posts it to the Slack-compatible webhook that SALES_FUNNEL_WEBHOOK_URL names. Values of environment variables
that hold secrets are blotted out. A run has passed when it is the last one, not too old, and every node that it
selected (macro record_selection) was done. Exit status: 0 all well or warnings only, 1 anything else.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from command import publish

Artifact = dict[str, Any]  # what dbt writes to a file in target/
GOOD = ("success", "pass", "no-op")
SELECTION = re.compile(r"^\s*select 'selected' /\* (.*) \*/\s*$")
SECRET_NAMES = re.compile(r"PASSWORD|SECRET|TOKEN|WEBHOOK|_KEY|DSN", re.IGNORECASE)
LONGEST_MESSAGE = 300
MOST_ROWS = 30
WEBHOOK_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Finding:
    """A node that failed or warned; `meaning` is its description."""

    name: str
    status: str
    message: str
    meaning: str
    path: str

    @property
    def failed(self) -> bool:
        return self.status not in ("warn", *GOOD)


@dataclass
class Summary:
    """Of one run: how many nodes ended how, and those that a person should look at, failures first."""

    headline: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(finding.failed for finding in self.findings)


def summarize(target_path: Path, max_age: timedelta) -> Summary:
    """Read the artifacts in a target folder. A missing run_results.json is a failure of its own: dbt did not get that
    far. Raises json.JSONDecodeError for a damaged one."""
    summary = Summary()
    manifest = _read(target_path / "manifest.json")
    results = _read(target_path / "run_results.json")
    if not results:
        text = f"{target_path / 'run_results.json'} is missing: dbt ended before its first node, see the step's log"
        summary.findings.append(Finding("dbt", "error", text, "", ""))
    else:
        summary.findings += _find_older(manifest, results, max_age)
        summary.findings += _find_unfinished(manifest, results)
    nodes = manifest.get("nodes", {})
    for result in results.get("results", []):
        status = result["status"]
        summary.counts[status] = summary.counts.get(status, 0) + 1
        if status not in (*GOOD, "skipped"):
            node = nodes.get(result["unique_id"], {})
            name = node.get("name") or result["unique_id"].split(".")[2]
            description = " ".join((node.get("description") or "").split())
            path = node.get("original_file_path", "")
            summary.findings.append(Finding(name, status, result.get("message") or "", description, path))
    for result in _read(target_path / "sources.json").get("results", []):
        if result["status"] != "pass":
            name = "source " + ".".join(result["unique_id"].split(".")[2:])
            if "max_loaded_at" in result:
                days = result["max_loaded_at_time_ago_in_s"] / 86400
                message = f"newest row of {result['max_loaded_at'][:16]}, {days:.1f} days old"
            else:
                message = result.get("error") or ""
            summary.findings.append(Finding(name, result["status"], message, "", ""))
    summary.findings.sort(key=lambda finding: (not finding.failed, finding.name))
    seconds = results.get("elapsed_time", 0)
    state = "failed" if summary.failed else ("passed with warnings" if summary.findings else "passed")
    summary.headline = f"dbt {results.get('args', {}).get('which', 'run')} {state} after {seconds:.0f} s"
    return summary


def _find_older(manifest: Artifact, results: Artifact, max_age: timedelta) -> list[Finding]:
    """A run that died at once leaves the results of the one before: they are another invocation's, or old."""
    of_results, of_manifest = results.get("metadata", {}), manifest.get("metadata", {})
    written = of_results.get("generated_at", "1970-01-01T00:00:00Z").replace("Z", "+00:00")
    age = datetime.now(timezone.utc) - datetime.fromisoformat(written)
    if age > max_age:
        text = f"the results are of {written[:16]} UTC, {age / timedelta(hours=1):,.0f} hours old; dbt left none since"
    elif of_manifest and of_manifest.get("invocation_id") != of_results.get("invocation_id"):
        text = f"the results of {written[:16]} UTC are not those of the last command, which has left none"
    else:
        return []
    return [Finding("dbt", "not this run", text, "", "")]


def _find_unfinished(manifest: Artifact, results: Artifact) -> list[Finding]:
    """What a run selected and did not do: interrupted, cancelled, or skipped after a failure."""
    statuses = {result["unique_id"]: result["status"] for result in results.get("results", [])}
    selections = [SELECTION.match(result.get("compiled_code") or "") for result in results.get("results", [])]
    selected = {name for found in selections if found for name in found.group(1).split()}
    if not selected:
        text = "the results do not say what was selected: dbt ended before its first node, or did nothing"
        return [Finding("dbt", "unfinished", text, "", "")]
    nodes = manifest.get("nodes", {})
    undone = sorted(
        name
        for name in selected
        if statuses.get(name, "skipped") == "skipped"
        and nodes.get(name, {}).get("config", {}).get("materialized") != "ephemeral"
    )
    if not undone:
        return []
    first = ", ".join(name.split(".")[2] for name in undone[:5])
    text = f"{len(undone)} of {len(selected)} selected nodes were not done, {first}{' …' if len(undone) > 5 else ''}"
    return [Finding("dbt", "unfinished", text, "", "")]


def format_markdown(summary: Summary, link: str = "") -> str:
    """The summary as Markdown: headline, counts, and a table of what to look at."""
    counts = ", ".join(f"{number} {status}" for status, number in sorted(summary.counts.items()))
    lines = [f"## {summary.headline}", "", counts or "no results"]
    if link:
        lines += ["", f"[Log of this run]({link})"]
    if summary.findings:
        lines += ["", "| | what | message | meaning |", "|---|---|---|---|"]
    for finding in summary.findings[:MOST_ROWS]:
        where = f"<br>{finding.path}" if finding.path else ""
        message, meaning = _cell(finding.message), _cell(finding.meaning)
        lines.append(f"| **{finding.status}** | {finding.name}{where} | {message} | {meaning} |")
    if len(summary.findings) > MOST_ROWS:
        lines += ["", f"and {len(summary.findings) - MOST_ROWS} more"]
    return "\n".join([*lines, ""])


def format_message(summary: Summary, link: str = "") -> str:
    """The same for a chat: one line per finding."""
    lines = [summary.headline]
    lines += [
        f"• {finding.status}: {finding.name}: {_cell(finding.message)}" for finding in summary.findings[:10]
    ]
    if len(summary.findings) > 10:
        lines.append(f"and {len(summary.findings) - 10} more")
    return "\n".join([*lines, link] if link else lines)


def redact(text: str, environment: Mapping[str, str]) -> str:
    """The text without the values of variables whose names say that they are secret."""
    for name, value in environment.items():
        if len(value) >= 4 and SECRET_NAMES.search(name):
            text = text.replace(value, "***")
    return text


def post(url: str, text: str) -> None:
    """Send {"text": …} to a Slack-compatible webhook. Raises OSError or ValueError."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("is not an https:// address")
    request = urllib.request.Request(  # noqa: S310 (checked above)
        url, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_SECONDS):  # noqa: S310
        pass


def _read(path: Path) -> Artifact:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _cell(text: str) -> str:
    """On one line, safe inside a table, cut."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(text.split())).replace("|", "/").replace("<", "&lt;")
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _link(environment: Mapping[str, str]) -> str:
    parts = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="summarize_run.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--target-path", type=Path, default=Path("target"), help="folder of dbt's artifacts")
    parser.add_argument(
        "--max-age", type=float, default=12, help="hours after which results are too old (12)"
    )
    options = parser.parse_args(arguments)
    try:
        summary = summarize(options.target_path, timedelta(hours=options.max_age))
    except (OSError, ValueError, KeyError) as error:
        print(f"summarize_run.py: {options.target_path}: cannot be read: {error}", file=sys.stderr)
        return 1
    link = _link(os.environ)
    publish(redact(format_markdown(summary, link), os.environ))
    url = os.environ.get("SALES_FUNNEL_WEBHOOK_URL")
    if url and summary.findings:
        try:
            post(url, redact(format_message(summary, link), os.environ))
        except (OSError, ValueError) as error:
            # The address itself is a secret: whoever has it may post.
            print(f"summarize_run.py: the webhook: {redact(str(error), os.environ)}", file=sys.stderr)
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main())
