"""Ways out of a scheduled run: a chat's webhook, mail, and the address that a dead-man's switch waits for.

Each is on where its environment variables are set: SALES_FUNNEL_WEBHOOK_URL (Slack-compatible); SALES_FUNNEL_MAIL_TO
with SALES_FUNNEL_SMTP_HOST and, as the host needs them, SALES_FUNNEL_SMTP_PORT (587), SALES_FUNNEL_SMTP_USER,
SALES_FUNNEL_SMTP_PASSWORD, SALES_FUNNEL_MAIL_FROM; SALES_FUNNEL_CHECK_URL.
"""

from __future__ import annotations

import json
import re
import smtplib
import ssl
import sys
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage

PREFIX = "SALES_FUNNEL_"
SECRET_NAMES = re.compile(r"PASSWORD|SECRET|TOKEN|WEBHOOK|CHECK_URL|_KEY|DSN", re.IGNORECASE)
TIMEOUT_SECONDS = 10
THIS_MACHINE = ("127.0.0.1", "localhost")

Environment = Mapping[str, str]


def redact(text: str, environment: Environment) -> str:
    """The text without the values of variables whose names say that they are secret."""
    for name, value in environment.items():
        if len(value) >= 4 and SECRET_NAMES.search(name):
            text = text.replace(value, "***")
    return text


def deliver(text: str, environment: Environment) -> bool:
    """Send the text by every way that is set; its first line is the mail's subject. Whether one has taken it."""
    text = redact(text, environment)
    ways: list[tuple[str, str, Callable[[], None]]] = [
        ("the webhook", "WEBHOOK_URL", lambda: post(environment[PREFIX + "WEBHOOK_URL"], text)),
        ("mail", "MAIL_TO", lambda: send_mail(text, environment)),
    ]
    taken = [_try(name, send, environment) for name, needed, send in ways if environment.get(PREFIX + needed)]
    return any(taken)


def check_in(environment: Environment) -> None:
    """Tell the dead-man's switch that the night was good."""
    url = environment.get(PREFIX + "CHECK_URL")
    if url:
        _try("the check address", lambda: _open(url), environment)


def post(url: str, text: str) -> None:
    """Send {"text": …} to a Slack-compatible webhook. Raises OSError or ValueError."""
    _open(url, json.dumps({"text": text}).encode())


def send_mail(text: str, environment: Environment) -> None:
    """By the host's SMTP server, encrypted unless it is this machine. Raises OSError, KeyError or ValueError."""
    given = {name.removeprefix(PREFIX): value for name, value in environment.items() if value}
    host, port = given["SMTP_HOST"], int(given.get("SMTP_PORT", 587))
    message = EmailMessage()
    message["Subject"] = text.split("\n", 1)[0]
    message["To"] = given["MAIL_TO"]
    message["From"] = given.get("MAIL_FROM") or given.get("SMTP_USER") or given["MAIL_TO"].split(",")[0]
    message.set_content(text)
    trusted = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=trusted)
        if port == 465
        else smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    )
    with server:
        if port != 465 and host not in THIS_MACHINE:
            server.starttls(context=trusted)
        if "SMTP_USER" in given:
            server.login(given["SMTP_USER"], given["SMTP_PASSWORD"])
        server.send_message(message)


def _open(url: str, data: bytes | None = None) -> None:
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("is not an https:// address")
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 (checked above)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
        pass


def _try(name: str, send: Callable[[], None], environment: Environment) -> bool:
    """Whether it was sent; a complaint if not, without the address, which itself is a secret."""
    try:
        send()
    except (OSError, ValueError, KeyError) as error:
        reason = f"{error} is not set" if isinstance(error, KeyError) else str(error)
        print(f"summarize_run.py: {name}: {redact(reason, environment)}", file=sys.stderr)
        return False
    return True
