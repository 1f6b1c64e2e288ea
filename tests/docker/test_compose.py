"""The production layout, as far as it can be tried without a container engine: its shape, and each command run."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from pmo_portal.embedded import Home, servers_in_use
from pmo_portal.environment import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"migrate", "web", "stream", "worker", "beat"}
DOCKERFILE = (PROJECT / "Dockerfile").read_text()

# What the compose specification allows, as far as we use it.
SERVICE_KEYS = {
    "image", "build", "command", "restart", "init", "read_only", "tmpfs", "cap_drop", "security_opt", "environment",
    "volumes", "depends_on", "healthcheck", "stop_grace_period", "ports", "shm_size",
}  # fmt: skip
HEALTHCHECK_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}

KEY = "v7Qm2-xPz0Lr8TnJ5yWcA1bKfEdUoH3iSgXqN6tR9lZwYkMpBv4C"


def test_compose_has_every_part() -> None:
    assert set(SERVICES) == OURS | {"proxy", "postgres", "redis", "mail"}
    assert set(COMPOSE) - {"x-portal"} == {"services", "volumes"}


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_well_formed(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= SERVICE_KEYS
    tag = service["image"].rpartition(":")[2]
    assert name in OURS or re.match(r"v?\d", tag), "a foreign image names its version"
    for value in service.get("environment", {}).values():
        assert isinstance(value, str)
    for argument in service.get("command", []):
        assert isinstance(argument, str)
    for needed, condition in service.get("depends_on", {}).items():
        assert needed in SERVICES
        assert condition["condition"] in CONDITIONS
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[needed]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (PROJECT / source).exists()


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate", "beat"}))
def test_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert set(check) <= HEALTHCHECK_KEYS
    assert check["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["environment"]["DJANGO_SETTINGS_MODULE"] == "pmo_portal.settings.production"


def test_only_the_proxy_faces_the_world() -> None:
    published = {
        name for name, service in SERVICES.items() for port in service.get("ports", []) if not port.startswith("127.")
    }
    assert published == {"proxy"}


def test_secrets_come_from_the_environment() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert re.search(rf"\$\{{{name}:\?", text), f"{name} must be asked for"
        assert re.search(rf"^{name}=$", (PROJECT / ".env.example").read_text(), re.MULTILINE)


def test_redis_never_drops_work_and_postgres_sorts_by_code_point() -> None:
    assert shlex.join(SERVICES["redis"]["command"]).find("--maxmemory-policy noeviction") > 0
    assert "--builtin-locale=C.UTF-8" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_image_runs_as_an_ordinary_user() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER portal$", final, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert source == "." or (PROJECT / source).exists() or source == "./"


def test_every_variable_of_the_environment_is_explained() -> None:
    explained = (PROJECT / "docs" / "operations.md").read_text()
    used = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "docker-compose.yml").read_text()))
    used |= set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    source = "".join(path.read_text() for path in (PROJECT / "pmo_portal").rglob("*.py"))
    used |= set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)""", source))
    missing = sorted(name for name in used if f"`{name}`" not in explained)
    assert missing == []


def production(home: Home, port: int, static: Path) -> dict[str, str]:
    """The environment of a container, with the embedded servers in the place of the two server containers."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "HOSTNAME": socket.gethostname(),
        "DJANGO_SETTINGS_MODULE": "pmo_portal.settings.production",
        "SECRET_KEY": KEY,
        "ALLOWED_HOSTS": "portal.example.org",
        "CSRF_TRUSTED_ORIGINS": "https://portal.example.org",
        "DATABASE_URL": f"postgresql://portal@/portal?host={home.postgres_socket_folder}",
        "REDIS_URL": f"unix://{home.redis_socket}",
        "EMAIL_URL": "smtp://mail:1025",
        "STREAM_URL": "/stream",
        "STATIC_ROOT": str(static),
        "PORTAL_HOME": str(home.root / "unused"),
        "PORT": str(port),
    }


def here(command: list[str], port: int) -> list[str]:
    """A command of the compose file, on ports that are free here."""
    return [part.replace("8000", str(port)).replace("8001", str(port + 1)) for part in command]


def probe(service: str, environment: dict[str, str], port: int) -> int:
    """Run a service's own health check."""
    kind, *command = SERVICES[service]["healthcheck"]["test"]
    if kind == "CMD-SHELL":
        command = ["sh", "-c", command[0].replace("$$", "$")]
    return subprocess.run(
        here(command, port), cwd=PROJECT, env=environment, capture_output=True, timeout=60, check=False
    ).returncode


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with open(log, "wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) is not None


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a busy machine is no defect of the images
def test_every_command_and_health_check_works(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    home, port = Home(server_folder / "home"), 19_600
    environment = production(home, port, server_folder / "static")
    with servers_in_use(home, durable=False):
        for command in (
            ["python", "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            SERVICES["migrate"]["command"],
            ["python", "manage.py", "check", "--deploy", "--fail-level", "ERROR"],
        ):
            result = subprocess.run(
                command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=280, check=False
            )
            assert result.returncode == 0, result.stdout + result.stderr

        logs = {name: server_folder / f"{name}.log" for name in ("web", "stream", "worker", "beat")}
        with (
            running(here(SERVICES["web"]["command"], port), environment, logs["web"]),
            running(here(SERVICES["stream"]["command"], port), environment, logs["stream"]),
            running(SERVICES["worker"]["command"], environment | {"REMAP_SIGTERM": "SIGQUIT"}, logs["worker"]),
            running(SERVICES["beat"]["command"], environment, logs["beat"]) as beat,
        ):
            deadline = time.monotonic() + 180
            for name in ("web", "stream", "worker"):
                while probe(name, environment, port) != 0:
                    assert time.monotonic() < deadline, logs[name].read_text()[-3000:]
                    time.sleep(0.5)
            ready = ["python", "docker/probe.py", f"http://127.0.0.1:{port}/readyz"]
            while subprocess.run(ready, cwd=PROJECT, env=environment, capture_output=True, check=False).returncode:
                assert time.monotonic() < deadline, "not ready"
                time.sleep(0.5)
            assert beat.poll() is None, logs["beat"].read_text()[-3000:]
