"""A proxy on loopback that makes a link long: every byte arrives later by half the round trip.

    python -m benchmarks.delay --listen 9001 --to 9000 --round-trip-ms 40
    python -m benchmarks.delay --measure         # what the proxy itself can carry

Both directions are delayed by half of it each; a new connection costs one round trip more, as
TCP's handshake would. Bandwidth is not limited, nothing is lost, and there is no slow start.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import threading
import time
from collections import deque

HOST = "127.0.0.1"
MOST_ON_THE_WAY = 64 << 20  # bytes of one direction of a connection


def main() -> None:
    """Serve until killed, or measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", type=int, default=0)
    parser.add_argument("--to", type=int, default=0)
    parser.add_argument("--round-trip-ms", type=float, default=40)
    parser.add_argument("--measure", action="store_true")
    given = parser.parse_args()
    if given.measure:
        measure()
    else:
        asyncio.run(serve(given.listen, given.to, given.round_trip_ms / 1000))


async def serve(listen: int, to: int, round_trip: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Accepted(to, round_trip), HOST, listen, backlog=1024)
    await server.serve_forever()


class End(asyncio.Protocol):
    """One side of a connection: what it receives is written to ``peer`` after ``delay``."""

    transport: asyncio.Transport
    peer: End

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        self._due: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self.not_before = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        _no_delay(transport)

    def data_received(self, data: bytes) -> None:
        self._send_later(data)
        self._bytes += len(data)
        if self._bytes > MOST_ON_THE_WAY:
            self.transport.pause_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self._send_later(b"")

    def _send_later(self, data: bytes) -> None:
        """Queue ``data``; an empty one ends the connection."""
        at = max(self._loop.time(), self.not_before) + self._delay
        if not self._due:
            self._loop.call_at(at, self._send)
        self._due.append((at, data))

    def _send(self) -> None:
        now = self._loop.time()
        while self._due and self._due[0][0] <= now:
            _, data = self._due.popleft()
            if data:
                self.peer.transport.write(data)
                self._bytes -= len(data)
            else:
                self.peer.transport.close()
        if self._due:
            self._loop.call_at(self._due[0][0], self._send)
        if self._bytes <= MOST_ON_THE_WAY and not self.transport.is_closing():
            self.transport.resume_reading()


class Accepted(End):
    """The client's side, which opens the server's."""

    def __init__(self, to: int, round_trip: float) -> None:
        super().__init__(round_trip / 2)
        self._to = to
        self._handshake = round_trip

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.not_before = self._loop.time() + self._handshake
        self.transport.pause_reading()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        delay = self._delay
        _, peer = await self._loop.create_connection(lambda: End(delay), HOST, self._to)
        self.peer, peer.peer = peer, self
        self.transport.resume_reading()


def _no_delay(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def measure() -> None:
    """Megabytes and round trips a second through the proxy without delay."""
    with socket.create_server((HOST, 0)) as server:
        threading.Thread(target=_echo, args=[server], daemon=True).start()
        with socket.create_server((HOST, 0)) as probe:
            port = probe.getsockname()[1]
        to = server.getsockname()[1]
        threading.Thread(target=lambda: asyncio.run(serve(port, to, 0)), daemon=True).start()
        time.sleep(0.5)
        with socket.create_connection((HOST, port)) as client:
            began, count = time.perf_counter(), 5000
            for _ in range(count):
                client.sendall(b"x")
                client.recv(1)
            print(f"{count / (time.perf_counter() - began):,.0f} round trips a second")
            began, size = time.perf_counter(), 512 << 20
            threading.Thread(target=_send, args=[client, size]).start()
            left = size
            while left:
                left -= len(client.recv(1 << 20))
            seconds = time.perf_counter() - began
            print(f"{size / seconds / 1e6:,.0f} MB/s there and back at the same time")


def _echo(server: socket.socket) -> None:
    connection, _ = server.accept()
    while data := connection.recv(1 << 20):
        connection.sendall(data)


def _send(client: socket.socket, size: int) -> None:
    block = bytes(1 << 20)
    for _ in range(size >> 20):
        client.sendall(block)


if __name__ == "__main__":
    main()
