"""``python -m bench [name...]``: run the named measurements, or all, and print one table."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import bench
from bench.rows import Row
from pmo_portal.embedded import servers_in_use
from pmo_portal.embedded.home import Home

RIG = frozenset({"__main__", "data", "load", "plain", "rows", "settings", "urls", "wsgi"})


def main(names: list[str]) -> int:
    """Measure in a data folder of its own with durable servers; 1 when a target is missed."""
    known = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in RIG)
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.stderr.write(f"There is no measurement {', '.join(unknown)}; there are {', '.join(known)}.\n")
        return 2
    os.environ["PORTAL_HOME"] = str(Path(Home.from_environment().root) / "bench")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    with servers_in_use(Home.from_environment(), durable=True):
        _prepare()
        rows = [row for name in names or known for row in _measured(name)]
    return 0 if all(row.ok for row in rows) else 1


def _prepare() -> None:
    import django  # noqa: PLC0415 - the settings read the environment set above

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    call_command("flush", verbosity=0, interactive=False)


def _measured(name: str) -> list[Row]:
    rows: list[Row] = importlib.import_module(f"bench.{name}").run()
    width = max(len(row.what) for row in rows)
    print(f"\n{name}")
    for row in rows:
        print(f"  {'ok  ' if row.ok else 'MISS'} {row.what:<{width}}  {row.measured:<44} {row.target}")
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
