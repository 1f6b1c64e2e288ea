"""An epic and a feature as documents to keep or print: fields, text, business case, parts, history."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.html import format_html_join, strip_tags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from organization.selectors.units import path_to
from organization.terms import named
from pmo_portal.lib.access import Action, Actor, access, actor_of, policy_for, visible
from pmo_portal.lib.documents import Section, detail_response
from pmo_portal.lib.format import NOTHING, moment, number, ratio
from pmo_portal.lib.markdown import markdown
from portfolio.forms.things import EpicForm, FeatureForm
from portfolio.models import BusinessCase, Epic, Feature, StrategicTheme
from portfolio.selectors.cases import case_sections, case_versions
from portfolio.selectors.epics import alignments_of
from portfolio.selectors.features import features_of_epic
from portfolio.selectors.history import History, HistoryStep, history
from portfolio.selectors.progress import progress_of_epics, progress_of_features
from portfolio.views.details import LONG, inline_fields
from portfolio.views.epics import SELECT as EPIC_SELECT
from portfolio.views.epics import may_see_case
from portfolio.views.feature_boards import SELECT as FEATURE_SELECT
from portfolio.views.features import why_chain

NOT_FACTS = frozenset({"title", "version", *LONG})


@access(Action.VIEW, Epic, by="key", select=EPIC_SELECT)
@require_GET
def epic_document(request: HttpRequest, epic: Epic) -> HttpResponseBase:
    """The epic as a PDF; where none can be made, as a page to print."""
    actor = actor_of(request)
    form = EpicForm(instance=epic, actor=actor, unit=epic.unit)
    features = list(features_of_epic(epic, actor=actor))
    progress = progress_of_features([feature.pk for feature in features], actor=actor)
    themes = set(visible(actor, StrategicTheme).values_list("pk", flat=True))
    sections = [
        *_fields(form, epic, "epic"),
        Section(
            named("Themes"),
            head=(named("Theme"), _("Share")),
            rows=[
                (each.theme.name, f"{each.share_percent} %") for each in alignments_of(epic) if each.theme_id in themes
            ],
        ),
        *(_case(epic, actor) if may_see_case(request, epic) else ()),
        Section(
            named("Features"),
            head=(_("Key"), _("Title"), _("State"), _("Items done")),
            rows=[(one.key, one.title, one.state.name, ratio(progress[one.pk].ratio)) for one in features],
        ),
        _progress(progress_of_epics([epic.pk], actor=actor)[epic.pk]),
        history_section(history(epic, actor=actor)),
    ]
    return detail_response(
        name=epic.key,
        title=f"{epic.key} {epic.title}",
        scope=" › ".join(unit.name for unit in path_to(actor, epic.unit)),
        sections=sections,
        at=timezone.now(),
    )


@access(Action.VIEW, Feature, by="key", select=FEATURE_SELECT)
@require_GET
def feature_document(request: HttpRequest, feature: Feature) -> HttpResponseBase:
    """The feature as a PDF; where none can be made, as a page to print."""
    actor = actor_of(request)
    form = FeatureForm(instance=feature, actor=actor, unit=feature.unit)
    sections = [
        *_fields(form, feature, "feature"),
        _progress(progress_of_features([feature.pk], actor=actor)[feature.pk]),
        history_section(history(feature, actor=actor)),
    ]
    scope = [link["label"] for link in why_chain(request, feature.epic)]
    return detail_response(
        name=feature.key,
        title=f"{feature.key} {feature.title}",
        scope=" › ".join([*scope, feature.unit.name]),
        sections=sections,
        at=timezone.now(),
    )


def _fields(form: Any, thing: Epic | Feature, noun: str) -> list[Section]:
    """The facts, then each long text by itself."""
    names = [name for name in form.fields if name != "version"]
    fields = inline_fields(form, thing, noun=noun, names=names, readonly=True)
    facts = [(_("State"), thing.state.name)]
    facts += [
        (str(fields[name]["label"]), strip_tags(str(fields[name]["display"])) or NOTHING)
        for name in names
        if name not in NOT_FACTS
    ]
    texts = [
        Section(str(fields[name]["label"]), html=str(fields[name]["display"] or "")) for name in names if name in LONG
    ]
    return [Section(facts=facts), *texts]


def _case(epic: Epic, actor: Actor) -> list[Section]:
    """The newest version of the business case, without what this person's role does not show."""
    case = next(iter(case_versions(epic)), None)
    if case is None:
        return []
    case.epic = epic
    hidden = policy_for(BusinessCase).hidden_fields(actor, case)
    sections, _missing = case_sections(case, currency=epic.unit.currency, hidden=hidden)
    title = _("Business case, version %(n)s") % {"n": case.number}
    parts = []
    for section, values in sections:
        parts.append(
            Section(
                f"{title}: {section.title}",
                facts=[
                    (value.label, value.text) for value in values if value.is_money or value.name == "recommendation"
                ],
                html=format_html_join(
                    "",
                    "<h3>{}</h3>{}",
                    (
                        (value.label, markdown(value.text))
                        for value in values
                        if not value.is_money and value.name != "recommendation"
                    ),
                ),
            )
        )
    return parts


def _progress(progress: Any) -> Section:
    if not progress.item_count and not progress.hidden_count:
        return Section()
    facts = [
        (_("Items"), number(progress.item_count)),
        (_("Finished"), f"{number(progress.finished_count)} ({ratio(progress.ratio)})"),
        (_("In progress"), number(progress.started_count)),
    ]
    if progress.hidden_count:
        facts.append((_("In teams you may not look into"), number(progress.hidden_count)))
    return Section(_("Progress"), facts=facts)


def history_section(steps: History) -> Section:
    """What became of a thing, one line a step."""
    return Section(
        _("History"),
        head=(_("When"), _("Who"), _("What")),
        rows=[(moment(step.at), step.who, _what(step)) for step in steps.steps],
    )


def _what(step: HistoryStep) -> str:
    """A step in one line."""
    said = [_("created it")] if step.is_creation else []
    for change in step.changes:
        if change.is_order:
            said.append(_("changed its place in the list"))
        elif change.kind != "CREATED":
            sides = " → ".join(side for side in (change.old[:120], change.new[:120]) if side)
            said.append(f"{change.label}: {sides or NOTHING}")
    if step.is_undone:
        said.append(_("(undone)"))
    return "; ".join(said)
