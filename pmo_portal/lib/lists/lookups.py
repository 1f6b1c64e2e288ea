"""How text is looked for in lists: without regard to case, by a trigram index where there is one."""

from __future__ import annotations

from typing import Any, Final

from django.db import models

MOST_TEXT: Final = 100


class ILike(models.Lookup[Any]):
    """``title__ilike=pattern``: PostgreSQL's own ILIKE, which the trigram index serves; UPPER() LIKE is not served."""

    lookup_name = "ilike"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ILIKE {right}", (*left_params, *right_params)


models.CharField.register_lookup(ILike)
models.TextField.register_lookup(ILike)


def like_pattern(text: str) -> str:
    """``text`` anywhere, with the signs that LIKE would read as its own taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def clean_text(text: str) -> str:
    """What a person typed into a search field, as a filter can use it."""
    return " ".join(text.replace("\x00", "").split())[:MOST_TEXT]
