"""The lists of epics and of features: what they show, sort, group and filter by. docs/lists.md says how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Count, F, Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.models import Unit
from organization.selectors.custom_columns import custom_columns
from organization.terms import named_lazy, words_lazy
from pmo_portal.lib.format import day_range, number, ratio
from pmo_portal.lib.lists.bars import BarColumn, Part
from pmo_portal.lib.lists.columns import (
    Badge,
    ChoiceColumn,
    Column,
    DayColumn,
    FlagColumn,
    KeyColumn,
    LabelsColumn,
    MomentColumn,
    NumberColumn,
    PercentColumn,
    PersonColumn,
    ReferenceColumn,
    StateColumn,
    TitleColumn,
)
from pmo_portal.lib.lists.filters import ME, NONE, NamedFilter, Option, Options, Quick
from pmo_portal.lib.lists.scope import Scope
from pmo_portal.lib.lists.spec import ListSpec, leads_to
from pmo_portal.lib.parameters import whole_number
from portfolio.models import Epic, EpicType, TrackedKind
from portfolio.selectors.filters import life_condition


@dataclass(frozen=True, kw_only=True)
class ThemeFilter(Options):
    """What an epic serves; NONE for what is not fully aligned."""

    def knows(self, value: str) -> bool:
        return value == NONE or whole_number(value) is not None

    def one(self, value: str, scope: Scope) -> Q:
        return Q(aligned_percent__lt=100) if value == NONE else Q(theme_ids__contains=[int(value)])

    def named(self, values: Sequence[str], rows: QuerySet[Any], scope: Scope) -> Mapping[str, str]:
        return {option.value: option.label for option in self.options(rows, scope)}

    def options(self, rows: QuerySet[Any], scope: Scope, *, text: str = "") -> list[Option]:
        themes = rows.order_by().filter(alignments__isnull=False)
        lines = (
            themes.values(pk_=F("alignments__theme_id"), name_=F("alignments__theme__name"))
            .annotate(n_=Count("pk", distinct=True))
            .order_by("name_", "pk_")
        )
        found = [Option(str(line["pk_"]), line["name_"], line["n_"]) for line in lines]
        none = Option(NONE, _("Not fully aligned"))
        return [none, *(option for option in found if text.lower() in option.label.lower())]


@dataclass(frozen=True, kw_only=True)
class ThemesColumn(Column):
    """The themes an epic serves with their shares, the widest first."""

    can_sort: bool = False
    kind: ClassVar[str] = "shares"

    def make_filter(self) -> ThemeFilter:
        return ThemeFilter(code="theme", label=self.label)

    def text(self, value: Any) -> str:
        return ", ".join(f"{share['name']} {share['share']} %" for share in value or ())


def _done_of_all(epic: Any, scope: Scope) -> str | None:
    return f"{epic.done_count} / {epic.feature_count}" if epic.feature_count else None


def _items_done(thing: Any, scope: Scope) -> str | None:
    if not thing.item_count:
        return None
    words = {"done": number(thing.done_items), "all": number(thing.item_count), "share": ratio(thing.progress_ratio)}
    return _("%(share)s · %(done)s of %(all)s") % words


def _items_url(thing: Any, part: str = "") -> str:
    """The items of an epic or a feature belong to a higher app and are listed at its address."""
    kind = "epic" if isinstance(thing, Epic) else "feature"
    try:
        url = reverse(f"metrics:{kind}_item_list", args=[thing.key])
    except NoReverseMatch:
        return ""
    return f"{url}?part={part}" if part else url


def _item_parts(thing: Any, scope: Scope) -> Sequence[Part]:
    waiting = thing.item_count - thing.done_items - thing.started_items
    return (
        Part(_("Done"), thing.done_items, "good", _items_url(thing, "done")),
        Part(_("In progress"), thing.started_items, "accent", _items_url(thing, "started")),
        Part(_("Not started"), waiting, "quiet", _items_url(thing, "waiting")),
    )


PROGRESS = BarColumn(
    code="progress",
    label=gettext_lazy("Items done"),
    sort_path="progress_ratio",
    read=_items_done,
    parts=_item_parts,
    whole_url=_items_url,
    is_down_first=True,
    can_filter=False,
)
"""How far it is, in the items of the teams its reader may look into."""


def _likely_done(thing: Any, scope: Scope) -> str | None:
    return day_range(thing.likely_from, thing.likely_by) if thing.likely_by else None


LIKELY = Column(
    code="likely",
    label=gettext_lazy("Likely done"),
    sort_path="likely_by",
    read=_likely_done,
    can_filter=False,
)
"""When it is likely to be done, as the workers forecast it last; nothing where a part is not for the reader."""


def _enabler(epic: Any, scope: Scope) -> Sequence[Badge]:
    return [Badge(str(EpicType.ENABLER.label), "", "wrench")] if epic.type == EpicType.ENABLER else ()


def _mvp(feature: Any, scope: Scope) -> Sequence[Badge]:
    return [Badge(_("MVP"), "violet", "flag")] if feature.is_mvp else ()


LIFE = NamedFilter(
    code="life",
    label=gettext_lazy("Show"),
    named_parts=(
        ("open", gettext_lazy("Open"), lambda scope: life_condition("open")),
        ("started", gettext_lazy("Under way"), lambda scope: life_condition("started")),
    ),
)

_COMMON = (
    LabelsColumn(code="labels", label=gettext_lazy("Labels"), edit="labels", is_default=False),
    MomentColumn(code="created", label=gettext_lazy("Created"), path="created_at", as_day=True, is_default=False),
    MomentColumn(code="updated", label=gettext_lazy("Changed"), path="updated_at", is_default=False),
)

# The oldest is the one that is there longest: age turns the column's own order round.
_AGE = MomentColumn(code="age", label=gettext_lazy("Since"), path="state_entered_at", as_day=True, is_down_first=False)

EPICS = ListSpec(
    code="epics",
    label=named_lazy("Epics"),
    live_kinds="epics features",
    url=leads_to("portfolio:epic_detail"),
    select=("state",),
    defer=("description",),
    search=("title", "^key"),
    row_version="version",
    has_panel=True,
    columns=(
        KeyColumn(code="key", label=gettext_lazy("Key")),
        TitleColumn(code="title", label=gettext_lazy("Title"), badges=_enabler, edit="title"),
        ChoiceColumn(code="type", label=gettext_lazy("Type"), choices=EpicType.choices, edit="type", is_default=False),
        StateColumn(code="state", label=gettext_lazy("State"), edit="state"),
        _AGE,
        PersonColumn(code="owner", label=gettext_lazy("Owner"), edit="owner"),
        ThemesColumn(code="themes", label=named_lazy("Themes"), path="theme_shares"),
        PercentColumn(code="aligned", label=gettext_lazy("Aligned"), path="aligned_percent"),
        Column(
            code="done",
            label=words_lazy(gettext_lazy("{Features} done")),
            sort_path="done_count",
            read=_done_of_all,
            can_filter=False,
        ),
        PROGRESS,
        LIKELY,
        DayColumn(
            code="starts", label=gettext_lazy("Planned start"), path="starts_on", edit="starts_on", is_default=False
        ),
        DayColumn(code="ends", label=gettext_lazy("Planned end"), path="ends_on", edit="ends_on", is_default=False),
        *_COMMON,
    ),
    filters=(LIFE,),
    quick=(
        Quick("owner", ME, gettext_lazy("Mine"), "user"),
        *(Quick("type", value, label) for value, label in EpicType.choices),
        Quick("theme", NONE, gettext_lazy("Not fully aligned")),
        Quick("life", "open", gettext_lazy("Open")),
    ),
)

FEATURES = ListSpec(
    code="features",
    label=named_lazy("Features"),
    live_kinds="features",
    url=leads_to("portfolio:feature_detail"),
    select=("state",),
    defer=("description", "benefit_hypothesis", "acceptance_criteria"),
    search=("title", "^key"),
    row_version="version",
    has_panel=True,
    columns=(
        KeyColumn(code="key", label=gettext_lazy("Key")),
        TitleColumn(code="title", label=gettext_lazy("Title"), badges=_mvp, edit="title"),
        StateColumn(code="state", label=gettext_lazy("State"), edit="state"),
        _AGE,
        ReferenceColumn(
            code="epic",
            label=named_lazy("Epic"),
            name="title",
            permission="epic.view",
            unit_path="epic__unit",
            gone_path="epic__deleted_at",
            edit="epic",
        ),
        ReferenceColumn(code="period", label=named_lazy("Program_increment"), order_name="starts_on", edit="period"),
        PersonColumn(code="owner", label=gettext_lazy("Owner"), edit="owner"),
        PROGRESS,
        LIKELY,
        FlagColumn(
            code="mvp",
            label=gettext_lazy("MVP"),
            path="is_mvp",
            yes=gettext_lazy("Yes"),
            no=gettext_lazy("No"),
            edit="is_mvp",
            is_default=False,
        ),
        *(
            NumberColumn(code=code, label=label, path=name, places=1, edit=name, is_default=False)
            for code, label, name in (
                ("delay", gettext_lazy("Cost of delay"), "cost_of_delay"),
                ("months", gettext_lazy("Months"), "duration_months"),
            )
        ),
        NumberColumn(
            code="cd3",
            label=gettext_lazy("Cost of delay / months"),
            path="cd3",
            places=2,
            is_down_first=True,
            is_default=False,
        ),
        *_COMMON,
    ),
    filters=(LIFE,),
    quick=(
        Quick("owner", ME, gettext_lazy("Mine"), "user"),
        Quick("mvp", "1", gettext_lazy("MVP")),
        Quick("epic", NONE, words_lazy(gettext_lazy("No {epic}"))),
        Quick("life", "open", gettext_lazy("Open")),
    ),
)


def epics_list(unit: Unit) -> ListSpec:
    """The list of a portfolio's epics with its own fields."""
    return EPICS.with_columns(custom_columns(owner=TrackedKind.EPIC, unit_id=unit.pk))


def features_list(unit: Unit) -> ListSpec:
    """The list of a program's features with its own fields."""
    return FEATURES.with_columns(custom_columns(owner=TrackedKind.FEATURE, unit_id=unit.pk))
