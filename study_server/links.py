"""Signed links and tickets: what the site hands out and later recognises as its own."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer


@dataclass(frozen=True)
class Ticket:
    """What an item's form carries: whose it is, what it shows, since when, and its own key."""

    annotator_id: int
    position: int
    item_id: str
    shown_at: float
    key: str


class Links:
    """Signs the personal links of a study, its open link, and the tickets of item forms."""

    def __init__(self, secret_key: str, study: str):
        self._newcomers = f"{study}:{secret_key}".encode()
        self._signer = URLSafeSerializer(secret_key, salt=f"link:{study}")
        self._tickets = URLSafeSerializer(secret_key, salt=f"ticket:{study}")

    def personal(self, public_id: str) -> str:
        """The token in the personal link of an annotator."""
        return str(self._signer.dumps(public_id))

    def open(self) -> str:
        """The token in the link with which anyone can take part."""
        return str(self._signer.dumps(["open"]))

    def read(self, token: str) -> str | None:
        """The public id of a personal token, "" for the open one, None where it is not ours."""
        try:
            value = self._signer.loads(token)
        except BadSignature:
            return None
        return "" if value == ["open"] else str(value)

    def newcomer(self, browser: str, number: str) -> str:
        """The public id of whom a browser makes through the open link: the same however often it
        asks, another one for each outside number. browser: a secret that it keeps."""
        name = f"{browser}:{number}".encode()
        return hmac.new(self._newcomers, name, hashlib.sha256).hexdigest()[:12]

    def ticket(self, annotator_id: int, position: int, item_id: str, now: float) -> str:
        """A ticket for the form of one item, shown now, with a key that never comes again."""
        fresh = (annotator_id, position, item_id, now, secrets.token_hex(8))  # a Ticket's fields
        return str(self._tickets.dumps(fresh))

    def read_ticket(self, text: str) -> Ticket | None:
        """The ticket in a form; None where it is not ours."""
        try:
            return Ticket(*self._tickets.loads(text))
        except (BadSignature, TypeError):
            return None
