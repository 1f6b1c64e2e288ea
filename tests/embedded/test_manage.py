"""`manage.py` and the servers: there when a command needs them, gone when it ends."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pmo_portal.embedded import Home, browser
from pmo_portal.embedded.account import Account, database_account
from pmo_portal.embedded.postgres import Postgres
from pmo_portal.embedded.redis import Redis
from pmo_portal.environment import PROJECT


def manage(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=kept
        | {"PORTAL_HOME": str(home.root), "DJANGO_SETTINGS_MODULE": "pmo_portal.settings.development"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip


def test_command_has_the_servers_for_as_long_as_it_takes(server_folder: Path) -> None:
    home = Home(server_folder / "home")
    script = (
        "from django.db import connection; connection.ensure_connection(); "
        "from django.core.cache import cache; cache.set('a', 5, 9); print('cached', cache.get('a'))"
    )
    result = manage(home, "shell", "--command", script)
    assert "cached 5" in result.stdout, result.stderr
    assert not Postgres(home).has_process()
    assert not Redis(home).has_process()


def test_command_without_need_starts_nothing(server_folder: Path) -> None:
    home = Home(server_folder / "home")
    assert manage(home, "check").returncode == 0
    assert manage(home, "migrate", "--help").returncode == 0
    assert not home.postgres_data.exists()


def test_unwritable_home_is_said_in_one_sentence(server_folder: Path) -> None:
    (server_folder / "file").write_text("not a folder")
    result = manage(Home(server_folder / "file"), "migrate")
    assert result.returncode == 1
    assert "set PORTAL_HOME to a folder of yours" in result.stderr.splitlines()[-1]


def test_secret_key_is_made_once(server_folder: Path) -> None:
    home = Home(server_folder / "home")
    key = home.secret_key()
    assert len(key) > 50
    assert home.secret_key() == key
    assert stat.S_IMODE((home.root / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in home.root.iterdir()] == ["secret_key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as somebody else")
def test_closed_folders_are_opened_for_passing_only(server_folder: Path) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "data").mkdir()
    database_account().may_reach(closed / "data")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o711


def test_our_own_account_changes_nothing(server_folder: Path) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    ourselves = Account(name="", uid=os.geteuid(), gid=os.getegid())
    ourselves.may_reach(closed / "data")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert ourselves.process_options() == {}


def test_missing_browser_is_said_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    monkeypatch.setattr(browser, "install", lambda: False)
    assert browser.main() == 2
    assert "apt-get install chromium" in capsys.readouterr().err
