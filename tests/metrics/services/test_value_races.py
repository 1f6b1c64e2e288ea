"""Two people at one value at once: no figure is lost unseen, no day has two, an undo leaves what came since."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from metrics.models import Kpi, Measurement
from metrics.services import measurements, readings
from metrics.services.measurements import measurement_correct, measurement_record, measurement_remove
from organization.access import SYSTEM
from organization.models import UnitKind
from pmo_portal.lib.errors import Conflict, DomainError, Refused
from tests.factories.metrics import kpi_make, measure
from tests.factories.organization import NOW, unit_make
from tests.portfolio.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

DAY = NOW.date()


@pytest.fixture
def kpi() -> Kpi:
    return kpi_make(unit_make(UnitKind.PORTFOLIO), name="Shops", at=NOW)


def correct(measurement: Measurement, **values: Any) -> Callable[[], Measurement]:
    """Somebody saves the form they opened when the value was new."""
    return partial(measurement_correct, actor=SYSTEM, measurement=measurement, values=values, seen_version=1, at=NOW)


def test_of_all_who_write_one_value_at_once_one_succeeds_and_the_others_are_told(kpi: Kpi) -> None:
    value = measure(kpi, DAY, 1)
    ends = race([correct(value, value=Decimal(number)) for number in range(2, 8)])
    (kept,) = (end for end in ends if isinstance(end, Measurement))
    assert all(isinstance(end, Conflict) for end in ends if end is not kept)
    stored = Measurement.objects.get(pk=value.pk)
    assert (stored.value, stored.version) == (kept.value, 2)

    other = measure(kpi, DAY.replace(day=1), 1)
    ends = race([correct(other, value=Decimal(5)), correct(other, comment="Counted twice")])
    assert [type(end) for end in ends] == [Measurement, Measurement]
    stored = Measurement.objects.get(pk=other.pk)
    assert (stored.value, stored.comment, stored.version) == (Decimal(5), "Counted twice", 3)

    day = DAY.replace(day=2)
    values = {"day": day, "value": Decimal(4)}
    ends = race([partial(measurement_record, actor=SYSTEM, kpi=kpi, values=values, at=NOW) for _ in range(6)])
    (kept,) = (end for end in ends if isinstance(end, Measurement))
    assert all(isinstance(end, ValidationError) for end in ends if end is not kept)
    assert Measurement.objects.filter(kpi=kpi, day=day).count() == 1

    measurement_remove(actor=SYSTEM, measurement=kept, is_removed=True, at=NOW)
    measure(kpi, day, 9)
    with pytest.raises(Refused, match="Another value has taken its day"):
        measurement_remove(actor=SYSTEM, measurement=kept, is_removed=False, at=NOW)
    with pytest.raises(Refused, match="taken back"):
        correct(kept, value=Decimal(7))()
    assert Measurement.objects.get(kpi=kpi, day=day, removed_at=None).value == 9


@pytest.mark.slow
def test_control_without_locks_a_correction_is_lost(kpi: Kpi, monkeypatch: pytest.MonkeyPatch) -> None:
    value = measure(kpi, DAY, 1)
    both_have_read = Barrier(2)
    ask = readings.corrected

    def read(*args: Any, **kwargs: Any) -> bool:
        both_have_read.wait(timeout=20)
        return ask(*args, **kwargs)

    monkeypatch.setattr(measurements, "corrected", read)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda queryset, **_options: queryset)
    ends = race([correct(value, value=Decimal(2)), correct(value, value=Decimal(3))])
    assert not any(isinstance(end, DomainError) for end in ends)
