"""The Chromium that the browser tests drive: the system's own; a test tool's download is not reachable everywhere.

`python -m pmo_portal.embedded.browser` finds it, installs Debian's when it is missing and we may, or says what to
install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# As root Chromium has no sandbox of its own; none of these lets it talk to anybody but the portal.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def find() -> str | None:
    """The browser's program: the one that `CHROMIUM` names, else the first that is installed."""
    named = os.environ.get("CHROMIUM")
    candidates = (named,) if named else NAMES
    return next((path for name in candidates if (path := shutil.which(name))), None)


def install() -> bool:
    """Install Debian's package; only root may."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return False
    sys.stderr.write("Chromium is missing: installing Debian's package ...\n")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        if subprocess.run([apt_get, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            return False
    return True


def main() -> int:
    """See that there is a browser; 0 when there is."""
    if find() or (install() and find()):
        return 0
    sys.stderr.write(
        "The browser tests need Chromium: install it (Debian: apt-get install chromium), "
        "or name another build with CHROMIUM=/path/to/chromium.\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
