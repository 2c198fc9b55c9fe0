"""Which addresses count as one."""

import pytest
from flask import Flask

from study_server.network import network

from .conftest import Visitor


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("unix:", "unix:"),
    ],
)
def test_an_address_is_of_a_network(address: str, found: str) -> None:
    assert network(address) == network(found) == found


def test_guesses_from_many_addresses_of_a_household_are_slowed_down(app: Flask) -> None:
    codes = []
    for last in range(12):
        visitor = Visitor(app.test_client())
        visitor.client.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{last + 1:x}"
        visitor.get("/admin/sign-in")
        codes.append(visitor.post(password="guess").status_code)
    assert codes == [403] * 10 + [429] * 2
