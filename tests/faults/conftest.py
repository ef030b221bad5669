"""A whole product of its own: services that may be killed, and a Graph that misbehaves on request."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bakery_whatsapp import embedded
from benchmarks.stand import Stand, wait_until
from messaging.statuses import TAKEN_BY_META, MessageStatus

TIMEOUT_S = 1.0
UNSETTLED = "SELECT count(*) FROM messaging_message WHERE status IN ('queued', 'sending')"


class FaultyStand(Stand):
    def restart_valkey(self) -> None:
        """Kill -9 and start anew on the same port with what was flushed to disk."""
        server: Any = self.services._servers[0]
        server.process.kill()
        server.process.wait()
        address = urlsplit(self.redis_url)
        server.process = embedded._spawn(
            server.process.args, cwd=server.folder, log=server.log, stdin=subprocess.PIPE
        )
        with server.process.stdin as stdin:
            stdin.write("\n".join(server._config(address.port, address.password)).encode())
        server._wait_until_ready(address.port, address.password)

    def restart_postgres(self) -> None:
        """Break all sessions off, end the server and start it anew on the same port."""
        server: Any = self.services._servers[1]
        self.database.close()
        server.process.send_signal(signal.SIGINT)
        server.process.wait()
        server.process = embedded._spawn(
            server.process.args, cwd=server.folder, log=server.log, user=server.user
        )
        embedded._wait_for(server._is_ready, process=server.process, log=server.log)
        self.database = self.connect()

    def begin(self, *modes: str, latency_s: float = 0.05, late_s: float = 2 * TIMEOUT_S) -> None:
        """No messages, no workers, and a Graph that treats messages in these ways, in turn."""
        for process in self.processes[1:]:
            process.kill()
        self.clear()
        self.graph("_behave", modes=list(modes or ["accept"]), latency_s=latency_s, late_s=late_s)

    def received(self) -> int:
        count: int = self.graph()["count"]
        return count

    def count(self, status: MessageStatus) -> int:
        query = "SELECT count(*) FROM messaging_message WHERE status = %s"
        count: int = self.value(query, status.value)
        return count

    def settle(self, *, timeout_s: float = 60) -> None:
        """Let the sweeps do their work until nothing is queued or being sent any more."""

        def is_settled() -> bool:
            self.sweep()
            return not wait_for_zero(self)

        wait_until(is_settled, timeout_s=timeout_s)

    def check(self, count: int) -> dict[str, int]:
        """Every accepted message is still there in a state that is true, and Graph received none twice.

        Returns how many stand at each status.
        """
        arrivals = self.graph("_arrivals")
        ways: dict[str, list[str]] = {}
        wamids = {}
        for callback, _number, _at, mode, wamid in arrivals:
            ways.setdefault(callback, []).append(mode)
            wamids[callback] = wamid
        rows = self.rows("SELECT id::text, status, wamid FROM messaging_message")
        assert len(rows) == count
        statuses: dict[str, int] = {}
        for message_id, status, wamid in rows:
            statuses[status] = statuses.get(status, 0) + 1
            seen = ways.get(message_id, [])
            taken = [mode for mode in seen if mode != "refuse"]
            assert len(taken) <= 1, f"{message_id} was received {len(taken)} times"
            if status in TAKEN_BY_META:
                assert taken, f"{message_id} is {status} and Graph never had it"
                assert wamid == wamids[message_id]
            elif status in {MessageStatus.QUEUED, MessageStatus.CANCELLED, MessageStatus.EXPIRED}:
                assert not taken, f"{message_id} is {status} and Graph has it"
            elif status == MessageStatus.FAILED:
                assert seen
                assert not taken
            else:
                assert status == MessageStatus.UNCONFIRMED, f"{message_id} is still {status}"
        return statuses


def wait_for_zero(stand: FaultyStand) -> int:
    """Give the workers half a second, then say how many are not settled."""
    deadline = time.monotonic() + 0.5
    while (left := stand.value(UNSETTLED)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(left)


@pytest.fixture(scope="session")
def shared_stand() -> Iterator[FaultyStand]:
    with FaultyStand(
        numbers=3, WHATSAPP_TIMEOUT_S=str(TIMEOUT_S), WHATSAPP_MPS_SHARE="65"
    ) as stand:
        yield stand


@pytest.fixture
def stand(shared_stand: FaultyStand) -> FaultyStand:
    shared_stand.begin()
    return shared_stand
