"""Takes tokens and telephone numbers out of texts that will be logged, stored or shown."""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"""
    \bBearer\s+[^\s"',;]+
  | \bEAA[A-Za-z0-9_\-.]+                                  # Meta's user and system user tokens
  | \b\d{6,}\|[A-Za-z0-9_\-]+                              # an app token: id|secret
  | \b(?:access_token|input_token|verify_token|client_secret|appsecret_proof|fb_exchange_token|revoke_token|pin)
    ["']?\s*[=:]\s*["']?[^\s"'&,;]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Seven digits or more, also when grouped with blanks, dots, dashes or parentheses.
_NUMBERS = re.compile(r"\d(?:[ \u00a0().\-]{0,2}\d){6,}")
_KEPT_DIGITS = 3


def without_secrets(text: str) -> str:
    """Return `text` with tokens replaced and of long numbers only the last three digits left."""
    return _NUMBERS.sub(_short, without_tokens(text))


def without_tokens(text: str) -> str:
    """Return `text` with tokens replaced; numbers, such as Meta's ids, stay."""
    return _TOKENS.sub("[hidden]", text)


def _short(match: re.Match[str]) -> str:
    digits = [character for character in match.group() if character.isdigit()]
    return "…" + "".join(digits[-_KEPT_DIGITS:])
