"""The site as the world sees it: its address, and the address that a request comes from.

Both are told by whoever serves the study. Of what a request says about itself (`Host`, and every
`Forwarded` or `X-Forwarded-*` header) nothing is believed but the one header named for the client's
address, and of that one the last entry: what the nearest proxy wrote.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmark.core.errors import BenchError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CLIENT_HEADERS = ("x-forwarded-for", "x-real-ip")  # that may be named for the client's address
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
USUAL_PORTS = {"http": 80, "https": 443}
PARENTS = ("admin", "images", "items", "join", "open", "static")  # pages lie below these
CLAIMS = re.compile(r"HTTP_(X_FORWARDED_.*|FORWARDED|X_REAL_IP|X_SCRIPT_NAME)")


@dataclass(frozen=True)
class Front:
    """scheme, host, prefix: of the site's address as annotators see it, such as https,
    host.example and /faces; all empty where the site is asked directly. client_header: in which
    the proxy says whose request it is; "": the socket's other end is the client."""

    scheme: str = ""
    host: str = ""
    prefix: str = ""
    client_header: str = ""

    @property
    def base(self) -> str:
        """The site's address; "" where it is asked directly."""
        return f"{self.scheme}://{self.host}{self.prefix}" if self.host else ""


def read_front(base: str | None, client_header: str | None = None) -> Front:
    """The front for an address like https://host.example/faces. Raises BenchError for another."""
    header = (client_header or "").lower()
    if header and header not in CLIENT_HEADERS:
        raise BenchError(f"the client's address is read from {' or '.join(CLIENT_HEADERS)} alone")
    if not base:
        return Front(client_header=header)
    try:
        parts = urlsplit(base)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:  # also UnicodeError
        host, port, parts = "", None, urlsplit("")
    prefix = parts.path.rstrip("/")
    plain = not (parts.query or parts.fragment or parts.username is not None)
    if not (parts.scheme in USUAL_PORTS and host and plain and PREFIX.fullmatch(prefix)):
        raise BenchError(
            f"'{base}' is no address of a site; give one like https://host.example/faces"
        )
    first = prefix.partition("/")[2].partition("/")[0]
    if first in PARENTS:
        raise BenchError(f"the site's own pages lie below /{first}; take another path")
    host = f"[{host}]" if ":" in host else host
    if port not in (None, USUAL_PORTS[parts.scheme]):
        host = f"{host}:{port}"
    return Front(parts.scheme, host, prefix, header)


DIRECT = Front()


def opens_here_alone(address: str) -> bool:
    """Whether an address of the site is one that every machine takes for itself."""
    host = ""
    try:
        host = urlsplit(address).hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, or nothing
        return host == "localhost" or host.endswith(".localhost")


class Door:
    """Lets requests into the application as the front says, whatever their headers say.

    A proxy may strip the prefix or leave it: the site answers below it either way. pages: the
    site's own paths, of which one may have the prefix's name.
    """

    def __init__(self, application: "WSGIApplication", front: Front, pages: Collection[str]):
        self._application, self._front, self._pages = application, front, frozenset(pages)
        self._header = "HTTP_" + front.client_header.upper().replace("-", "_")

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        front = self._front
        if front.client_header:
            environ["REMOTE_ADDR"] = _last(environ.get(self._header)) or environ["REMOTE_ADDR"]
        for name in [name for name in environ if CLAIMS.fullmatch(name)]:
            del environ[name]
        if front.host:
            environ["wsgi.url_scheme"], environ["HTTP_HOST"] = front.scheme, front.host
            environ["SCRIPT_NAME"] = front.prefix
            path = environ["PATH_INFO"]
            if path.startswith(f"{front.prefix}/"):
                environ["PATH_INFO"] = path.removeprefix(front.prefix)
            elif path == front.prefix and path not in self._pages:
                environ["PATH_INFO"] = "/"
        return self._application(environ, start_response)


def _last(header: str | None) -> str | None:
    """The last address of a list; None where it is none."""
    last = (header or "").rpartition(",")[2].strip()
    bracketed = re.fullmatch(r"\[(.+)\](:\d+)?", last)
    try:
        return str(ipaddress.ip_address(bracketed[1] if bracketed else last))
    except ValueError:
        return None
