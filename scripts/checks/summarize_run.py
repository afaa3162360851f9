#!/usr/bin/env python3
"""What a scheduled run did, for people: Markdown from dbt's run_results.json and sources.json.

    python3 scripts/with_venv.py scripts/checks/summarize_run.py [--target-path target] [--daily]

Prints it, appends it to the GitHub step summary where GITHUB_STEP_SUMMARY names one, and, when something failed or
warned, sends it by the ways out that are set (delivery.py: webhook, mail). With --daily it is sent in any case, and of
a run that has passed the message also says what was loaded, which figures changed most and which alerts are new
(news.py: from the database that PG* names). Those figures go there alone: whoever sees a public repository sees its
logs. Then the check address is called. A finding that docs/operations.md knows brings the remedy along. Values of
environment variables that hold secrets are blotted out. A run has passed when it is the last one, not too old, and
every node that it selected (macro record_selection) was done. Exit status: 0 all well or warnings only, 1 anything
else.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg2

from checks.delivery import check_in, deliver, redact
from checks.news import tell
from checks.remedies import find_remedy
from command import publish
from server.database import connect

Artifact = dict[str, Any]  # what dbt writes to a file in target/
REPORT = "model.sales_funnel.rep_sales_funnel_alerts"
GOOD = ("success", "pass", "no-op")
SELECTION = re.compile(r"^\s*select 'selected' /\* (.*) \*/\s*$")
LOAD_ERROR = re.compile(r"^load: error: (.+)$", re.MULTILINE)
LONGEST_MESSAGE = 300
MOST_ROWS = 30
MAX_AGE = timedelta(hours=12)  # older results are those of another run


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

    @property
    def remedy(self) -> str:
        return find_remedy(f"{self.status} {self.name}: {self.message}")


@dataclass
class Summary:
    """Of one run: how many nodes ended how, and those that a person should look at, failures first."""

    headline: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    marts: str = ""  # the schema that the run's reports are in

    @property
    def failed(self) -> bool:
        return any(finding.failed for finding in self.findings)


def summarize(target_path: Path, load_log: Path | None = None, job: str = "success") -> Summary:
    """Read the artifacts in a target folder, what the loader wrote, and the status of the workflow's job. A missing
    run_results.json is a failure: dbt did not get that far. What another run has left is not told. Raises
    json.JSONDecodeError for a damaged one."""
    summary = Summary()
    manifest = _read(target_path / "manifest.json")
    results = _read(target_path / "run_results.json")
    command = f"dbt {results.get('args', {}).get('which', 'run')}"
    seconds = f" after {results.get('elapsed_time', 0):.0f} s"
    if load_log and load_log.exists():
        lines = LOAD_ERROR.findall(load_log.read_text(encoding="utf-8", errors="replace"))
        summary.findings += [Finding("load", "error", f"error: {line}", "", "") for line in lines]
    if summary.findings and load_log and _ended(load_log) > _written(results):
        command, seconds, results = "load", ", and nothing was built", {}
    elif not results:
        text = f"{target_path / 'run_results.json'} is missing: dbt ended before its first node, see the step's log"
        summary.findings.append(Finding("dbt", "error", text, "", ""))
    elif older := _find_older(manifest, results):
        summary.findings += older
        command, seconds, results = "dbt", " without results of its own", {}
    else:
        summary.findings += _find_unfinished(manifest, results)
    nodes = manifest.get("nodes", {})
    summary.marts = nodes.get(REPORT, {}).get("schema", "")
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
    if job != "success" and not summary.failed:
        summary.findings.append(
            Finding("workflow", job, "a step before this one failed, see its log", "", "")
        )
    summary.findings.sort(key=lambda finding: (not finding.failed, finding.name))
    state = "failed" if summary.failed else ("passed with warnings" if summary.findings else "passed")
    summary.headline = f"{command} {state}{seconds}"
    return summary


def _written(results: Artifact) -> datetime:
    """When dbt wrote them; long ago where there are none."""
    written = results.get("metadata", {}).get("generated_at", "1970-01-01T00:00:00Z")
    return datetime.fromisoformat(written.replace("Z", "+00:00"))


def _ended(load_log: Path) -> datetime:
    return datetime.fromtimestamp(load_log.stat().st_mtime, timezone.utc)


def _find_older(manifest: Artifact, results: Artifact) -> list[Finding]:
    """A run that died at once leaves the results of the one before: they are another invocation's, or old."""
    of_results, of_manifest = results.get("metadata", {}), manifest.get("metadata", {})
    if "generated_at" not in of_results:
        return []
    written = _written(results)
    age = datetime.now(timezone.utc) - written
    if age > MAX_AGE:
        hours = age / timedelta(hours=1)
        text = f"the results are of {written:%Y-%m-%dT%H:%M} UTC, {hours:,.0f} hours old; dbt left none since"
    elif of_manifest and of_manifest.get("invocation_id") != of_results.get("invocation_id"):
        text = f"the results of {written:%Y-%m-%dT%H:%M} UTC are not those of the last command, which has left none"
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
        lines += ["", "| | what | message | meaning | what to do |", "|---|---|---|---|---|"]
    for finding in summary.findings[:MOST_ROWS]:
        where = f"<br>{finding.path}" if finding.path else ""
        told = " | ".join(_cell(text) for text in (finding.message, finding.meaning, finding.remedy))
        lines.append(f"| **{finding.status}** | {finding.name}{where} | {told} |")
    if len(summary.findings) > MOST_ROWS:
        lines += ["", f"and {len(summary.findings) - MOST_ROWS} more"]
    return "\n".join([*lines, ""])


def format_message(summary: Summary, link: str, news: Sequence[str]) -> str:
    """The same for a chat: counts, one line per finding with its remedy, then the news."""
    lines = [summary.headline]
    if summary.counts:
        lines.append(", ".join(f"{number} {status}" for status, number in sorted(summary.counts.items())))
    for finding in summary.findings[:10]:
        lines.append(f"• {finding.status}: {finding.name}: {_cell(finding.message)}")
        lines += [f"  → {finding.remedy}"] if finding.remedy else []
    if len(summary.findings) > 10:
        lines.append(f"and {len(summary.findings) - 10} more")
    return "\n".join([*lines, *news, *([link] if link else [])])


def send(summary: Summary, link: str, daily: bool) -> None:
    """Deliver the summary where there is something to say; daily always, with the news of a run that has passed."""
    news: list[str] = []
    if daily and not summary.failed and summary.marts:
        try:
            with closing(connect()) as connection:
                tell(
                    connection,
                    summary.marts,
                    lambda lines: deliver(format_message(summary, link, lines), os.environ),
                )
            return
        except psycopg2.Error as error:
            news = [f"No news of the figures: {_cell(str(error))}"]
            print(f"summarize_run.py: {redact(news[0], os.environ)}", file=sys.stderr)
    if daily or summary.findings:
        deliver(format_message(summary, link, news), os.environ)


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
    parser.add_argument("--load-log", type=Path, help="what the loader wrote to its error output")
    parser.add_argument("--daily", action="store_true", help="send it in any case, with the night's news")
    parser.add_argument("--job-status", default="success", help="of the workflow's steps before this one")
    options = parser.parse_args(arguments)
    try:
        summary = summarize(options.target_path, options.load_log, options.job_status)
    except (OSError, ValueError, KeyError) as error:
        print(f"summarize_run.py: {options.target_path}: cannot be read: {error}", file=sys.stderr)
        return 1
    link = _link(os.environ)
    publish(redact(format_markdown(summary, link), os.environ))
    send(summary, link, options.daily)
    if options.daily and not summary.failed:
        check_in(os.environ)
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main())
