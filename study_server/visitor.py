"""A browser without a screen: follows links, fills in forms, keeps cookies and its connection."""

import html
import http.client
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(frozen=True)
class Reply:
    """What came back at the end of all redirects."""

    status: int
    path: str
    text: str

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's forms."""
        return {name: html.unescape(value) for name, value in HIDDEN.findall(self.text)}


class Visitor:
    """One visitor of the site at `base` (http://host:port). Raises OSError where it is away."""

    def __init__(self, base: str, timeout: float = 30.0):
        parts = urlsplit(base)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        self._cookies: dict[str, str] = {}
        self.last = Reply(0, "/", "")

    def get(self, path: str) -> Reply:
        """The page at `path`, after redirects."""
        return self._go("GET", path, None)

    def post(self, fields: dict[str, str], path: str | None = None) -> Reply:
        """Send the last page's form: its hidden fields and `fields`; then follow redirects."""
        hidden = {k: v for k, v in self.last.hidden.items() if k in ("csrf_token", "ticket")}
        return self._go("POST", path or self.last.path, urlencode(hidden | fields))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _go(self, method: str, path: str, body: str | None) -> Reply:
        for _ in range(8):
            response, text = self._request(method, path, body)
            location = response.getheader("Location")
            if response.status not in (301, 302, 303) or location is None:
                self.last = Reply(response.status, path, text)
                return self.last
            parts = urlsplit(urljoin(path, location))
            method, path, body = "GET", parts.path, None
        raise OSError(f"redirects without end at {path}")

    def _request(
        self, method: str, path: str, body: str | None
    ) -> tuple[http.client.HTTPResponse, str]:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            self._connection.close()
            raise OSError(f"{method} {path}: {error!r}") from error
        except OSError:
            self._connection.close()
            raise
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.split(";")[0].partition("=")
            self._cookies[name] = value
        return response, text
