"""Measurements of what docs/performance.md states: ``python -m bench [name...]``.

Each module has ``run() -> list[Row]``. Ratios are taken inside one run, with the compared works interleaved, so that
a busy machine slows all of them alike; absolute times are only there to be read.
"""
