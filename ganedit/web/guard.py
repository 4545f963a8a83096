"""Who may ask, and how much they may send: the first thing that every request meets."""

import asyncio
import base64
import binascii
import re
import secrets
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "ganedit"
# Bytes of a request that sends no picture.
MOST_TEXT = 1 << 20
# Seconds that a wrong password costs; the next one waits for it.
PENALTY = 0.5
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HEADERS = {
    # Nothing on the page may come from elsewhere, and no other page may hold it in a frame.
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_LOGIN = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ganedit</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="background:#17181a;color:#ddd;font:16px system-ui,sans-serif;display:grid;
place-content:center;height:90vh"><form method="post" action="/login">
<h1 style="font-weight:600">ganedit</h1><p style="color:#ff9d8f" role="alert">{told}</p>
<label>Password<br><input name="password" type="password" autocomplete="current-password" autofocus
style="font:inherit;padding:.5em;margin:.4em 0"></label>
<button style="font:inherit;padding:.5em 1em">Open</button></form></body></html>"""


class TooLarge(Exception):
    """A request sends more than it may."""


class Guard:
    """Wraps the page: host, origin, password, size of what is sent, headers of what is answered."""

    def __init__(self, app: ASGIApp, *, password: str | None, most_bytes: int) -> None:
        """
        Args:
            app: what it guards.
            password: asked for where there is one. Without it only this computer's own names
                may be used: else a page elsewhere whose name leads here (DNS rebinding) would be
                this page's equal.
            most_bytes: of a picture that is sent.
        """
        self.app, self.password, self.most = app, password, most_bytes
        self._token = secrets.token_urlsafe(32)
        self._wrong = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no sockets here
        headers = Headers(scope=scope)
        most = self.most if _sends_picture(scope) else MOST_TEXT
        counted = _counted(receive, most)
        response = self._stranger(scope, headers) or _too_large(headers, most)
        if response is None and self.password is not None:
            response = await self._asked(scope, headers, counted)
        answer = _with_headers(send)
        if response is not None:
            await response(scope, receive, answer)
            return
        await self.app(scope, counted, answer)

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        """Why a request is not from this page or a program: another page may have sent it."""
        host = headers.get("host", "")
        if self.password is None and _name_of(host) not in LOOPBACK_NAMES:
            return refusal(403, f"{host[:80]}: not a name of this computer")
        origin = headers.get("origin")
        if origin is not None and _split(origin).netloc != host:
            return refusal(403, "asked by another page")
        from_elsewhere = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        visits = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if from_elsewhere and not (visits and scope["path"] == "/"):
            return refusal(403, "asked by another page")
        return None

    async def _asked(self, scope: Scope, headers: Headers, receive: Receive) -> Response | None:
        """The answer to a request without the password, or with it in the login form."""
        name = _cookie_name(headers.get("host", ""))
        if scope["path"] == "/login" and scope["method"] == "POST":
            form = parse_qs((await _body(receive)).decode("utf-8", "replace"))
            if await self._fits(form.get("password", [""])[0]):
                response = RedirectResponse("/", 303)
                response.set_cookie(name, self._token, httponly=True, samesite="strict")
                return response
            return HTMLResponse(_LOGIN.format(told="That is not the password."), 401)
        cookie = cookie_parser(headers.get("cookie", "")).get(name, "")
        if secrets.compare_digest(cookie.encode(), self._token.encode()):
            return None
        given = _basic(headers.get("authorization", ""))
        if given is not None and await self._fits(given):
            return None
        if "text/html" in headers.get("accept", "") and scope["method"] == "GET":
            return HTMLResponse(_LOGIN.format(told=""), 401)
        return refusal(401, "the password is missing or wrong")

    async def _fits(self, password: str) -> bool:
        assert self.password is not None
        if secrets.compare_digest(password.encode(), self.password.encode()):
            return True
        async with self._wrong:  # one after the other, however many ask at once
            await asyncio.sleep(PENALTY)
        return False


def refusal(status: int, told: str) -> JSONResponse:
    """An answer that says in one line why not."""
    return JSONResponse({"error": told}, status)


def _sends_picture(scope: Scope) -> bool:
    path: str = scope["path"]
    return path in ("/api/files", "/api/masks", "/gradio/gradio_api/upload")


def _name_of(host: str) -> str:
    """A host without its port: `[::1]:7860` is `::1`."""
    return (_split(f"//{host}").hostname or "") if host.isprintable() else ""


def _split(url: str) -> SplitResult:
    """The parts of an address, all empty where it is none: `http://[x`."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _cookie_name(host: str) -> str:
    """With the port in it: a browser sends the cookies of all ports of a host to each of them."""
    port = re.search(r":([0-9]+)$", host)
    return f"{COOKIE}-{port[1]}" if port else COOKIE


def _too_large(headers: Headers, most: int) -> Response | None:
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        return refusal(413, f"{int(length):,} bytes; more than {most:,} are not taken")
    return None


def _counted(receive: Receive, most: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise TooLarge(f"more than {most:,} bytes are not taken")
        return message

    return counted


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _basic(authorization: str) -> str | None:
    """The password of HTTP's basic authentication, whatever the name."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            own: list[Any] = list(message.get("headers", []))
            named = {name.lower() for name, _ in own}
            own += [
                (n.encode(), v.encode()) for n, v in _HEADERS.items() if n.encode() not in named
            ]
            message = {**message, "headers": own}
        await send(message)

    return answer
