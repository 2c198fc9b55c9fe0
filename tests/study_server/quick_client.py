"""A client that parses no more than it must, since it shares the cores with the server."""

import re
import socket
from urllib.parse import urlencode

HIDDEN = re.compile(r'name="(csrf_token|ticket|read)" value="([^"]*)"')


class QuickClient:
    """Keeps its cookies and its connection, follows redirects, and sends each page's own token and
    ticket. Raises OSError where the site is away; the next request connects anew."""

    def __init__(self, base: str, timeout: float = 30.0):
        self.host = base.removeprefix("http://")
        self.timeout = timeout
        self.socket: socket.socket | None = None
        self.cookies: dict[str, str] = {}
        self.path = "/"
        self.hidden: dict[str, str] = {}

    def get(self, path: str) -> int:
        """The status at the end of all redirects; `path` and `hidden` are that page's."""
        return self._go("GET", path, "")

    def post(self, fields: dict[str, str]) -> int:
        """Send the present page's form. Where that fails it stays the present page."""
        return self._go("POST", self.path, urlencode(self.hidden | fields))

    def close(self) -> None:
        if self.socket is not None:
            self.file.close()
            self.socket.close()
            self.socket = None

    def _go(self, method: str, path: str, body: str) -> int:
        while True:
            try:
                status, location, page = self._request(method, path, body)
            except OSError:
                self.close()
                raise
            if status != 303:
                if status < 500:
                    self.path, self.hidden = path, dict(HIDDEN.findall(page.decode()))
                return status
            method, path, body = "GET", location, ""

    def _request(self, method: str, path: str, body: str) -> tuple[int, str, bytes]:
        if self.socket is None:
            name, port = self.host.split(":")
            self.socket = socket.create_connection((name, int(port)), timeout=self.timeout)
            self.file = self.socket.makefile("rb")
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {cookies}\r\n"
        if body:
            head += "Content-Type: application/x-www-form-urlencoded\r\n"
            head += f"Content-Length: {len(body)}\r\n"
        self.socket.sendall(f"{head}\r\n{body}".encode())
        first = self.file.readline()
        location, length, close = "", 0, False
        while (line := self.file.readline().decode().rstrip()) != "":
            name, _, value = line.partition(": ")
            if name == "Location":
                location = value
            elif name == "Content-Length":
                length = int(value)
            elif name == "Set-Cookie":
                cookie, _, content = value.split(";")[0].partition("=")
                self.cookies[cookie] = content
            elif name == "Connection":
                close = value == "close"
        page = self.file.read(length)
        if not first or len(page) < length:
            raise OSError("the server closed the connection")
        if close:
            self.close()
        return int(first.split()[1]), location, page
