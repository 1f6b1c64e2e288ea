"""The portal's own processes on one machine: what they are, how each is started, watched and ended.

Every process is started in a session of its own and marked in its environment with the data folder it serves. The mark
passes on to its children, so that whatever a killed supervisor left behind can be found, whoever its parent is now.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pmo_portal.embedded.home import Home
from pmo_portal.environment import PROJECT

MARK = "PORTAL_SUPERVISED"
LARGEST_LOG_BYTES = 10 * 1024 * 1024
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 60.0

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Program:
    """One kind of process: its name (and its log's), its command, and what it needs in its environment."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def programs(*, host: str, port: int, stream_port: int) -> list[Program]:
    """The four processes of the one-machine portal, in the order they start; they end in the reverse order."""
    python = sys.executable
    return [
        Program("web", (python, "-m", "gunicorn", "pmo_portal.wsgi", "--bind", f"{host}:{port}")),
        Program("stream", (python, "-m", "pmo_portal.streams", "--host", host, "--port", str(stream_port))),
        Program(
            "worker",
            (
                python, "-m", "celery", "-A", "pmo_portal", "worker", "--queues", "default,imports,rollups,mail",
                "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle",
                "--hostname", f"portal-{port}@%h",
            ),
            # Asked to end, a worker gives running tasks a few seconds and hands the rest back to the queue.
            {"REMAP_SIGTERM": "SIGQUIT"},
        ),
        Program("beat", (python, "-m", "celery", "-A", "pmo_portal", "beat", "--loglevel", "INFO", "--pidfile=")),
    ]  # fmt: skip


class Child:
    """A running program: started again when it ends, after a pause that grows while it keeps failing."""

    def __init__(self, program: Program, home: Home) -> None:
        self.program = program
        self.log = home.log / f"{program.name}.log"
        self._mark = str(home.root)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause_seconds = 0.0
        self._start_at = 0.0

    @property
    def name(self) -> str:
        return self.program.name

    def start(self) -> None:
        """Start the program; what it says goes to its log."""
        turn_over(self.log)
        with open(self.log, "ab") as output:
            self._process = subprocess.Popen(
                self.program.command,
                cwd=PROJECT,
                env=os.environ | {"PYTHONUNBUFFERED": "1", MARK: self._mark} | self.program.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # safe: the supervisor has one thread
            )
        self._started_at = time.monotonic()

    def watch(self) -> str | None:
        """Look after the program: a sentence when it was found ended, None when all is well."""
        if self._process is None:
            if time.monotonic() >= self._start_at:
                self.start()
            return None
        code = self._process.poll()
        if code is None:
            return None
        self.end_group(signal.SIGKILL)
        if time.monotonic() - self._started_at > HEALTHY_SECONDS:
            self._pause_seconds = 0.0
        self._pause_seconds = min(max(2 * self._pause_seconds, 1.0), LONGEST_PAUSE_SECONDS)
        self._start_at = time.monotonic() + self._pause_seconds
        self._process = None
        reason = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self.name} ended ({reason}); starts again in {self._pause_seconds:.0f} s. Its log: {self.log}"

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_end(self) -> None:
        """Let the program end in its own way; it tells its own children."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def end_group(self, signum: signal.Signals) -> None:
        """Signal everything in the program's session."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signum)


def end_with_parent() -> None:
    """In a new child: be told to end when the supervisor dies, however it dies (Linux; elsewhere the mark must do)."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def turn_over(log: Path) -> None:
    """Keep one older log of each kind, so that a portal that runs for years does not fill the disk."""
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def end_all(children: Sequence[Child], *, seconds: float) -> None:
    """End the programs, last started first; kill what has not ended in time."""
    for child in reversed(children):
        child.ask_to_end()
    deadline = time.monotonic() + seconds
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    for child in children:
        child.end_group(signal.SIGKILL)


def leftovers(home: Home) -> list[psutil.Process]:
    """Processes that still serve this data folder though nobody watches over them any more."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(home.root):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # another user's, or gone meanwhile
    return found


def end_leftovers(home: Home) -> int:
    """Kill what an earlier supervisor, itself killed, left behind; returns how many processes that were."""
    killed = set()
    deadline = time.monotonic() + 10
    # Again until none is left: a process may start another while we look.
    while (remaining := leftovers(home)) and time.monotonic() < deadline:
        for process in remaining:
            with contextlib.suppress(psutil.Error):
                process.kill()
                killed.add(process.pid)
        time.sleep(0.05)
    return len(killed)
