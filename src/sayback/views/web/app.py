"""The review page as a web application: what is served, to whom, and what may change something.

It listens on the loopback interface only. A request must name this server as its host and come
from its own pages; whatever changes something needs the token that only those pages carry.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route

from sayback.bank.parse import read
from sayback.errors import BankError, NoSuchAttempt, NoSuchQuestion, SaybackError
from sayback.history.memory import memories
from sayback.history.store import Store
from sayback.model import Question
from sayback.views.web.cache import Busy, Page, PageCache
from sayback.views.web.changes import CHANGES, BadForm, Fields, typed
from sayback.views.web.files import contents
from sayback.views.web.names import recording, render
from sayback.views.web.pages import Site, problem_page

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
LARGEST_FORM = 64 * 1024
"""Bytes; seven key points of the longest kind are a tenth of it."""
MOST_FIELDS = 100
PATIENCE_S = 5.0
"""A person who watches a page load, or has pressed Ctrl-C, waits no longer for another writer."""
STATIC = Path(__file__).parent / "static"
STATIC_FILES = ("style.css", "review.js")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
        " media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages are made from, and the secret that only they carry."""

    recordings: Path
    bank: Path
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def prepare(self) -> None:
        """Work out what is still known, so that no page has to wait for it. Raises HistoryError.

        After an update, or when all was scored again, that takes a second for 10,000 answers.
        """
        with Store(self.recordings) as store:
            memories(store, datetime.now(UTC))

    @contextmanager
    def site(self, *, read_only: bool = False) -> Iterator[Site]:
        """The pages as of now. Raises HistoryError."""
        with Store(self.recordings, wait_s=PATIENCE_S) as store:
            token = None if read_only else self.token
            questions, problem = self._questions()
            yield Site(store, questions, datetime.now(UTC), token, problem)

    def _questions(self) -> tuple[tuple[Question, ...], str]:
        """The bank as it is now, or what is wrong with it: the attempts can still be looked at."""
        try:
            return read(self.bank).questions, ""
        except BankError as error:
            return (), str(error)


def review(desk: Desk, port: int) -> Starlette:
    """The application; it answers only to this port of the loopback interface."""
    cache = PageCache(desk.recordings, desk.bank)

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name in STATIC_FILES:
            return contents(STATIC / name, "")
        search = request.query_params.get("q", "") if name == "search.html" else ""
        try:
            found = await cache.page((name, search), partial(_page, desk, name, search))
        except Busy as error:
            wait = {"retry-after": "1"}
            raise HTTPException(503, "too much at once; load it again", wait) from error
        if isinstance(found, bytes):
            return HTMLResponse(found)
        try:
            return contents(found, request.headers.get("range", ""))
        except OSError as error:
            raise HTTPException(404, "the recording cannot be read") from error

    @asynccontextmanager
    async def serving(app: Starlette) -> AsyncIterator[None]:
        with closing(cache):
            yield

    async def change(request: Request) -> Response:
        fields = await _form(request)
        given = fields.get("token", [""])[0]
        if not compare_digest(given.encode(), desk.token.encode()):
            raise HTTPException(403, "this page is from an earlier run of sayback; load it again")
        request.state.typed = typed(fields)
        try:
            return await run_in_threadpool(_changed, desk, request.path_params["name"], fields)
        finally:
            cache.forget()

    def problem(request: Request, error: Exception) -> Response:
        """What a command would print on its line of error, with the way back."""
        assert isinstance(error, SaybackError)
        status = 404 if isinstance(error, NoSuchAttempt | NoSuchQuestion) else 409
        written = getattr(request.state, "typed", ())
        return HTMLResponse(problem_page(error, written, desk.token), status)

    return Starlette(
        routes=[
            Route("/{name:str}", page, methods=["GET"]),
            Route("/{name:str}", change, methods=["POST"]),
            Route("/", page, methods=["GET"], name="overview"),
        ],
        middleware=[Middleware(Guard, port=port)],
        exception_handlers={HTTPException: _refused, SaybackError: problem},
        lifespan=serving,
    )


class Guard:
    """Lets in what asks for this very server from its own pages, and marks all that goes out."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in (HOST, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {name.lower(): value for name, value in message["headers"]}
                headers |= {name.encode(): value.encode() for name, value in HEADERS.items()}
                message = {**message, "headers": list(headers.items())}
            await send(message)

        app = self._refusal(Request(scope)) or self._app
        await app(scope, receive, marked)

    def _refusal(self, request: Request) -> Response | None:
        """Why a request is not let in: another name for this server, or another site's page."""
        if request.headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse("not the address of this server", 421)
        site = request.headers.get("sec-fetch-site", "none")
        is_followed = request.headers.get("sec-fetch-mode") == "navigate"  # a link, as in a mail
        if site not in ("same-origin", "none") and not is_followed:
            return PlainTextResponse("a part of another site's page", 403)
        if request.method in ("GET", "HEAD"):
            return None
        origin = request.headers.get("origin", "").lower()
        if origin.removeprefix("http://") not in self._hosts:
            return PlainTextResponse("a change from another site", 403)
        return None


def _page(desk: Desk, name: str, search: str) -> Page:
    """A page or a recording. Raises HTTPException for a name that is neither."""
    with desk.site() as site:
        if audio := recording(site.store, name):
            return audio
        html = render(site, name, search=search)
    if html is None:
        raise HTTPException(404, "no such page")
    return html.encode("utf-8", "replace")


async def _form(request: Request) -> Fields:
    """The fields of a form that is sent as one. Raises HTTPException for anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "not a form")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_FORM:
                raise HTTPException(413, "a form that is too large")
    except ClientDisconnect as error:  # nobody is there to read this
        raise HTTPException(400, "a form that is cut off") from error
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise HTTPException(400, "a form that cannot be read") from error


def _changed(desk: Desk, name: str, fields: Fields) -> Response:
    change = CHANGES.get(name)
    if change is None:
        raise HTTPException(404, "no such change")
    with Store(desk.recordings, wait_s=PATIENCE_S) as store:
        try:
            target = change(fields, store, desk.bank)
        except BadForm as error:
            raise HTTPException(400, f"a form with a field missing or wrong: {error}") from error
    return RedirectResponse(target, 303)  # a reload then asks for the page, not for the change


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, error.headers)
