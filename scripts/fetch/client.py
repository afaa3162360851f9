"""Pages of Pipedrive's API. dlt's REST client pages, waits and tries again; what went wrong is said here in a line."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from copy import copy
from email.utils import mktime_tz, parsedate_tz
from urllib.parse import urlsplit

import requests
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.common.jsonpath import compile_path
from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from fetch import endpoints
from fetch.values import Row
from with_venv import UserError

ATTEMPTS = 6
BACKOFF = 1.0  # seconds, doubled with each attempt
PATIENCE = 300  # seconds; an API that asks to wait longer means tomorrow
# Made once, since reading a path takes longer than a request.
WHOLE_ANSWER = compile_path("$")
PAGING = {
    "cursor": JSONResponseCursorPaginator("additional_data.next_cursor", "cursor"),
    "start": JSONResponseCursorPaginator("additional_data.pagination.next_start", "start"),
}
HINT = "scripts/fetch/endpoints.py says what is asked"
REFUSED = {
    401: "the token is not accepted (401): PIPEDRIVE_API_TOKEN is wrong, or was made anew since; Pipedrive shows it"
    " under Personal preferences, API",
    402: "the account is closed or not paid for (402)",
    403: "{path} is forbidden (403): the token's user may not read it, an administrator's may; or Pipedrive blocks"
    " this address for a while",
}


class Gone(Exception):
    """There is no such thing (404)."""


class Api:
    def __init__(self, url: str, token: str) -> None:
        session = Client(
            raise_for_status=False,
            request_max_attempts=ATTEMPTS,
            request_backoff_factor=BACKOFF,
            request_max_retry_delay=PATIENCE,
        ).session
        self.url = url
        self.time = ""  # of the server at its last answer, as HTTP writes it
        self.client = RESTClient(
            url,
            auth=APIKeyAuth(name="x-api-token", api_key=token, location="header"),
            data_selector=WHOLE_ANSWER,
            session=session,
            config=RuntimeConfiguration(),
        )

    def pages(self, name: str, since: str | None = None, **ids: str) -> Iterator[list[Row]]:
        """The rows of each page of an endpoint. Raises Gone, and UserError for all else that hinders."""
        endpoint = endpoints.ENDPOINTS[name]
        path = endpoint.path.format(**ids)
        params = dict(endpoint.params)
        if since and endpoint.since:
            params[endpoint.since] = since
        last: list[Row] = []
        try:
            for page in self.client.paginate(
                path,
                params=params,
                paginator=copy(PAGING[endpoint.paging]),
                hooks={"response": [check]},
                allow_redirects=False,  # another host would get the token
            ):
                rows = page[0]["data"] or []
                is_full = len(rows) >= float(endpoint.params.get("limit", "inf"))
                is_paged = re.search("'(next_cursor|pagination)'", str(page[0].get("additional_data")))
                if rows and (rows == last or (is_full and not is_paged)):
                    raise UserError(
                        f"{path} does not say what comes after a page: the paging has changed; {HINT}"
                    )
                last = rows
                self.time = page.response.headers.get("Date", "")
                yield rows
        except requests.HTTPError as error:
            raise UserError(f"{path}: after {ATTEMPTS} attempts still {error}") from error
        except requests.RequestException as error:
            cause = re.sub(r"(?s).*Caused by (.*)\)", r"\1", str(error))
            raise UserError(f"{self.url} cannot be reached, or breaks off: {cause}") from error


def check(response: requests.Response, *_: object, **__: object) -> None:
    """Raise for everything that is no page of rows; what dlt tries again is left to dlt."""
    code = response.status_code
    path = urlsplit(response.url).path
    if code == 429 and is_spent(response):
        raise UserError(
            "Pipedrive's daily budget of tokens is used up (429); what was fetched is kept, and the same command goes"
            " on tomorrow"
        )
    if code == 429 or code >= 500:
        raise requests.HTTPError(status(response), response=response)
    if code == 404:
        raise Gone(path)
    if code in REFUSED:
        raise UserError(REFUSED[code].format(path=path))
    if code != 200:
        raise UserError(f"{path} answers {status(response)}: {reason(response)}; {HINT}")
    try:
        answer = response.json()
    except ValueError as error:
        raise UserError(
            f"{path} answers with what is no JSON: is this the address of Pipedrive's API?"
        ) from error
    if answer is None:  # which the API is known to give once in a while
        raise requests.ConnectionError(f"{path} gives an empty answer")
    rows = answer.get("data", False) if isinstance(answer, dict) and answer.get("success", True) else False
    if rows is None:
        rows = []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path} answers in a shape that is not known: {reason(response)}; {HINT}")


def is_spent(response: requests.Response) -> bool:
    """Whether a 429 will last until tomorrow, not for the two seconds of the burst limit."""
    wait = response.headers.get("Retry-After", "")
    when = parsedate_tz(wait)
    seconds = float(wait) if wait.isdecimal() else mktime_tz(when) - time.time() if when else 0
    left = response.headers.get("x-daily-ratelimit-token-remaining")
    return left == "0" or seconds > PATIENCE or (not seconds and "daily" in response.text.lower())


def status(response: requests.Response) -> str:
    return f"{response.status_code} {response.reason}".strip()


def reason(response: requests.Response) -> str:
    """What the answer says, in a line."""
    found = re.search(r'"error": ?"([^"]+)"', response.text)
    return " ".join((found[1] if found else response.text).split())[:200] or "nothing"
