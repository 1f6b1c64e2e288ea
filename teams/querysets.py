"""How text is looked for in items: without regard to case, by the trigram index."""

from __future__ import annotations

from typing import Any

from django.db import models


class ILike(models.Lookup[Any]):
    """``title__ilike=pattern``: PostgreSQL's own ILIKE, which the trigram index serves; UPPER() LIKE is not served."""

    lookup_name = "ilike"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ILIKE {right}", (*left_params, *right_params)


models.CharField.register_lookup(ILike)
