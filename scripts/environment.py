"""`make setup`: bring .venv to exactly what the lock files pin.

uv does it in seconds, but knows nothing of how pip was told to reach its package index (`pip config`, PIP_* variables):
those settings are handed on. Where uv cannot reach the index, pip does the same, slowly. Runs before anything is
installed, so it needs Python alone.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ("requirements.lock", "requirements-dev.lock")

# pip's setting -> the variable that tells uv the same
SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def main() -> int:
    """Make the environment; 0 when it is whole."""
    if not (3, 11) <= sys.version_info < (3, 14):
        return complain("The portal needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.11 ...")
    if not PYTHON.exists():
        try:
            venv.create(VENV, with_pip=True, symlinks=True)
        except (OSError, subprocess.CalledProcessError):
            return complain("A virtual environment could not be made; on Debian: apt-get install python3-venv")
    if run("-m", "pip", "--version", quiet=True):
        run("-m", "ensurepip", "--upgrade", quiet=True)
    settings = pip_settings()
    if install_uv() and (sync(settings) or sync({"UV_SYSTEM_CERTS": "1"})):
        return 0
    sys.stderr.write("uv could not install the requirements; trying with pip, which takes longer ...\n")
    if run("-m", "pip", "install", "--quiet", "--require-hashes", *locks()) == 0:
        return 0
    return complain("The requirements could not be installed: is the package index reachable (see `pip config list`)?")


def run(*arguments: str, environment: dict[str, str] | None = None, quiet: bool = False) -> int:
    """Run the environment's Python; returns the exit code."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(
        [str(PYTHON), *arguments],
        cwd=PROJECT,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"} | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        check=False,
    ).returncode


def locks() -> list[str]:
    return [part for lock in LOCKS for part in ("-r", lock)]


def install_uv() -> bool:
    """The very uv that the lock file pins."""
    pinned = re.search(r"^uv==(\S+)", (PROJECT / LOCKS[1]).read_text(), re.MULTILINE)
    version = pinned[1] if pinned else ""
    if not run("-c", f"import sys, importlib.metadata as m; sys.exit(m.version('uv') != {version!r})", quiet=True):
        return True
    return run("-m", "pip", "install", "--quiet", f"uv=={version}") == 0


def pip_settings() -> dict[str, str]:
    """How pip reaches its index, in uv's words. What uv was told itself stays."""
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found: dict[str, str] = {}
    for line in listed.splitlines():
        name, separator, value = line.partition("=")
        variable = SETTINGS.get(name.rpartition(".")[2])
        if not separator or variable is None or variable in os.environ:
            continue
        values = str(ast.literal_eval(value)).split()
        if variable == "SSL_CERT_FILE" and not Path(values[0]).is_file():
            continue
        found[variable] = " ".join(values)
    if "UV_INDEX" in found or "UV_FIND_LINKS" in found:
        # Like pip: the pinned version from whichever index has it; its hash says that it is the right one.
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found


def sync(environment: dict[str, str]) -> bool:
    """Install what is missing, remove what is not pinned."""
    command = ("-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", str(PYTHON), *LOCKS)
    return run(*command, environment=environment) == 0


def complain(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
