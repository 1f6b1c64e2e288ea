"""Small charts as SVG, drawn by the server: the same in a page, a mail and a PDF, with no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH = 100.0
HEIGHT = 34.0
MARGIN = 2.0
"""Room above and below the line, so that its stroke is not cut."""


def svg(
    values: Sequence[float | None],
    *,
    kind: str = "line",
    guide: Sequence[float] | None = None,
    label: str = "",
) -> SafeString:
    """``values`` over equal steps of time, oldest first; None is a gap, not a zero.

    Bars stand on zero; a line is scaled between its lowest and highest value, so its slope is honest and its height
    is not: the number beside it carries the amount. With fewer than two values there is nothing to draw.
    """
    known = [value for value in [*values, *(guide or [])] if value is not None]
    if len(known) < 2:
        return mark_safe("")  # nosec B308: an empty string
    low = min(known) if kind != "bars" else min(0.0, *known)
    high = max(known)
    drawn = _bars(values, low, high) if kind == "bars" else _line(values, low, high, is_filled=kind == "area")
    parts = [_path(guide, low, high, name="guide"), drawn] if guide else [drawn]
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" preserveAspectRatio="none" {}>{}</svg>',
        f"{WIDTH:g}",
        f"{HEIGHT:g}",
        role,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _line(values: Sequence[float | None], low: float, high: float, *, is_filled: bool) -> SafeString:
    line = _path(values, low, high)
    if not is_filled:
        return line
    outline = "".join(
        f"M{run[0][0]:.1f},{HEIGHT:g}L{_joined(run)}L{run[-1][0]:.1f},{HEIGHT:g}Z" for run in _runs(values, low, high)
    )
    return format_html('<path class="area" d="{}"/>{}', outline, line)


def _path(values: Sequence[float | None], low: float, high: float, *, name: str = "") -> SafeString:
    outline = "".join(f"M{_joined(run)}" for run in _runs(values, low, high))
    attribute = format_html(' class="{}"', name) if name else ""
    return format_html('<path{} d="{}"/>', attribute, outline)


def _bars(values: Sequence[float | None], low: float, high: float) -> SafeString:
    step = WIDTH / len(values)
    scale = (HEIGHT - MARGIN) / ((high - low) or 1)
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" rx=".5"/>',
        (
            (f"{at * step + step * 0.12:.1f}", f"{HEIGHT - height:.1f}", f"{step * 0.76:.1f}", f"{height:.1f}")
            for at, value in enumerate(values)
            if value is not None and (height := max((value - low) * scale, 0.6)) is not None
        ),
    )


def _runs(values: Sequence[float | None], low: float, high: float) -> Iterator[list[tuple[float, float]]]:
    """The points of each stretch without a gap."""
    step = WIDTH / max(len(values) - 1, 1)
    span = HEIGHT - 2 * MARGIN
    run: list[tuple[float, float]] = []
    for at, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        run.append((at * step, MARGIN + span * (1 - share)))
    if run:
        yield run


def _joined(run: list[tuple[float, float]]) -> str:
    """Path data of one run; a lone point becomes a dot, because a line needs two."""
    if len(run) == 1:
        (x, y), *_ = run
        run = [(x, y), (x + 0.1, y)]
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in run)
