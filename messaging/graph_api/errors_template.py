"""Filled next."""

from __future__ import annotations

from messaging.graph_api.facts import ErrorFacts

ROWS: tuple[ErrorFacts, ...] = ()
RANGES: tuple[tuple[range, ErrorFacts], ...] = ()
