from __future__ import annotations

import pytest

from tenants.email_addresses import masked


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("juan@harinas.example", "j•••@harinas.example"),
        ("a@b.example", "a•••@b.example"),
        ('"odd@name"@b.example', '"•••@b.example'),
        ("no address", ""),
        ("", ""),
    ],
)
def test_of_an_address_the_first_letter_and_the_server_are_shown(address, shown):
    assert masked(address) == shown
