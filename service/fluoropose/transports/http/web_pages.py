"""Web pages of others stay out: a request must name this host, and come from no page or from one that may call.

A browser sends what any page asks for. It tells the page's origin (RFC 6454) with every call that a page's script
makes, with forms and with WebSockets, and `Sec-Fetch-Site` with the rest. A page whose name was made to point here
(DNS rebinding) calls a host of its own name, so names that this service does not know are refused; an address in
numbers, `localhost` and a name without dots cannot be made to point elsewhere.
"""

import ipaddress
import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fluoropose.errors import AccessError, FluoroposeError, InputError
from fluoropose.transports.http.errors import send_problem

__all__ = ["ForeignPageError", "RefuseForeignPages", "UnknownHostError", "WebRules"]

_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+", re.ASCII)
_NAME = re.compile(r"(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*)", re.ASCII)
_DEFAULT_PORTS = (":80", ":443")


class UnknownHostError(FluoroposeError):
    """The request names a host that this service is not known by."""

    code = "unknown-host"


class ForeignPageError(AccessError):
    """The request comes from a web page that may not call this service."""

    code = "foreign-origin"


@dataclass(frozen=True, slots=True)
class WebRules:
    """By which names the service may be called, and which origins' pages may call it.

    `hosts` are names without ports beside those that are always known; `*.example.org` means all below, `*` all.
    `origins` are as browsers send them: `https://console.example.org`.

    Raises
    ------
    InputError
        If one is no such name or origin.
    """

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the names and origins."""
        for host in self.hosts:
            if not _NAME.fullmatch(host):
                raise InputError(f"expected a host name such as console.example.org, got {host!r}")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise InputError(f"expected an origin such as https://console.example.org, got {origin!r}")

    def knows(self, host: str) -> bool:
        """Tell whether a Host header names this service."""
        name = _without_port(host)
        if name == "localhost" or _is_address(name) or re.fullmatch(r"[a-z0-9_-]+", name):
            return True
        return any(_matches(name, pattern) for pattern in self.hosts)

    def may_call(self, headers: Headers) -> bool:
        """Tell whether the page that a request comes from, if any, may call this service."""
        origin = headers.get("origin")
        if origin is not None:
            return origin in self.origins or _authority(origin) == _bare(headers.get("host", ""))
        # Without an origin a page's script reads no answer; a person who follows a link is let in.
        foreign = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
        return not foreign or headers.get("sec-fetch-mode") == "navigate"


class RefuseForeignPages:
    """Middleware that refuses a request to a host, or from a page, that is not ours."""

    def __init__(self, app: ASGIApp, rules: WebRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the host and the origin and pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._rules.knows(hosts[0].lower()):
            error: FluoroposeError = UnknownHostError("expected a known name in Host, got another; see --allow-host")
            await send_problem(error, scope, receive, send)
        elif len(headers.getlist("origin")) > 1 or not self._rules.may_call(headers):
            error = ForeignPageError("expected a page of this host or of --allow-origin, got another", "origin")
            await send_problem(error, scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _without_port(host: str) -> str:
    return re.sub(r":\d*$", "", host) if not host.endswith("]") else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _matches(name: str, pattern: str) -> bool:
    return pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _authority(origin: str) -> str | None:
    """Return the host and port of an origin, None for an opaque one (`null`)."""
    scheme, found, authority = origin.lower().partition("://")
    return _bare(authority) if found and scheme in ("http", "https") else None


def _bare(authority: str) -> str:
    """Return a host and port without the port that needs no naming."""
    lower = authority.lower()
    return next((lower.removesuffix(port) for port in _DEFAULT_PORTS if lower.endswith(port)), lower)
