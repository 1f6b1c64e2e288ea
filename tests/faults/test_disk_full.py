"""The disk is full while people work: what was acknowledged stays, and the portal goes on when there is room again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import whole_portal
from tests.faults.running import HEALED_WITHIN, Running, plain_words
from tests.faults.test_portal import FAULT_SECONDS, report

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

DISK = "400m"
MEBIBYTE = b"\0" * (1 << 20)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own for all data of a portal; needs the right to mount one."""
    place = folder / "home"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0711", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("Only who may mount a small disk can fill it.")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path: Path) -> None:
    """Leave not one byte."""
    with open(path, "wb", buffering=0) as filler:
        for piece in (MEBIBYTE, b"\0" * 4096, b"\0"):
            while True:
                try:
                    if not filler.write(piece):
                        break
                except OSError:
                    break


def worked(running: Running, disk: Path) -> None:
    filler = disk / "filler"
    with running.people_at_work() as outcomes:
        time.sleep(2)
        began_at = time.monotonic()
        while time.monotonic() - began_at < FAULT_SECONDS:
            fill(filler)  # again: what was just freed is gone, too
            time.sleep(0.3)
        filler.unlink()
        healed = running.heals()
        time.sleep(1)
    report("disk_full", outcomes, healed)
    assert not all(each.is_acknowledged for each in outcomes), "the control: it was full"
    assert healed < HEALED_WITHIN
    plain_words(outcomes)
    running.check(outcomes)


def test_a_full_disk_loses_nothing_acknowledged(folder: Path, small_disk: Path) -> None:
    with whole_portal(folder, items=400) as running:
        worked(running, small_disk)
