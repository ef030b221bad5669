"""What the person at the screen has set: the scenario, the latency of answers, and when messages are read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from messaging.simulator import scenarios, store

SWITCHES = store.key("switches")
LATENCIES_MS = (0, 40, 150, 500, 2000)
AUTO_READ_AFTER_S = 10.0


class Reading(StrEnum):
    OPENED = "opened"
    AUTO = "auto"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Switches:
    scenario: str = scenarios.BY_NUMBER
    latency_ms: int = 40
    reading: Reading = Reading.OPENED

    @property
    def scenario_for_all(self) -> scenarios.Scenario | None:
        return scenarios.BY_KEY.get(self.scenario)


def load() -> Switches:
    kept = store.read_hash(SWITCHES)
    usual = Switches()
    latency = kept.get("latency_ms", "")
    reading = kept.get("reading", "")
    return Switches(
        scenario=kept.get("scenario", usual.scenario),
        latency_ms=int(latency) if latency.isdigit() else usual.latency_ms,
        reading=Reading(reading) if reading in list(Reading) else usual.reading,
    )


def save(switches: Switches) -> None:
    store.write_hash(
        SWITCHES,
        {
            "scenario": switches.scenario,
            "latency_ms": switches.latency_ms,
            "reading": switches.reading.value,
        },
    )
