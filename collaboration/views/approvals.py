"""What waits for a decision, the answers, the rules, and who answers for whom."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from collaboration.forms.approvals import DelegationForm, RuleForm, VoteForm
from collaboration.models import ApprovalRequest, ApprovalRule, ApprovalState
from collaboration.selectors.approvals import (
    decision_times,
    delegations_of,
    delegations_to,
    requests_seen,
    routing,
    rules_seen,
    voices_of,
    waiting_for,
)
from collaboration.services import approval_rules, approvals
from organization.models import Person, Unit
from organization.selectors.units import unit_crumbs
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for, signed_in, visible
from pmo_portal.lib.errors import DomainError
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.parameters import whole_number
from pmo_portal.lib.registry import approval_subjects
from pmo_portal.lib.windows import local_day

PAGE_ROWS: Final = 50
WHOSE: Final = ("waiting", "asked", "all")


def _tabs(current: str) -> list[dict[str, Any]]:
    labels = {"waiting": _("Waiting for me"), "asked": _("Asked by me"), "all": _("All")}
    tabs = [
        {"label": label, "url": f"{reverse('collaboration:approval_list')}?whose={code}", "is_current": code == current}
        for code, label in labels.items()
    ]
    pages = {
        "decisions": (_("Time to decision"), "collaboration:decision_times"),
        "rules": (_("Who decides"), "collaboration:approval_rule_list"),
        "delegation": (_("Who answers for me"), "collaboration:delegation"),
    }
    return tabs + [
        {"label": label, "url": reverse(name), "is_current": code == current} for code, (label, name) in pages.items()
    ]


def _frame(current: str, *here: str) -> dict[str, Any]:
    approvals_url = reverse("collaboration:approval_list") if here else ""
    return {"tabs": _tabs(current), "crumbs": [(_("Approvals"), approvals_url), *((name, "") for name in here)]}


@require_GET
@signed_in("Everybody sees what they are asked or asked; the rest only by the policy of approvals.")
def approval_list(request: HttpRequest) -> HttpResponse:
    """Requests: those that wait for this person, those they asked, all they may see; the nearest due first."""
    actor, now = actor_of(request), timezone.now()
    whose = request.GET.get("whose", "waiting")
    whose = whose if whose in WHOSE else "waiting"
    found = waiting_for(actor, at=now) if whose == "waiting" else requests_seen(actor)
    if whose == "asked":
        found = found.filter(requested_by_id=actor.person_id)
    if "overdue" in request.GET:
        found = found.filter(state=ApprovalState.WAITING, due_at__lt=now)
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    is_overdue = "overdue" in request.GET
    context = {
        **_frame(whose),
        "whose": whose,
        "page": page,
        "rows": [{"request": one, "is_late": _is_late(one), "why": routing(actor, one)} for one in page],
        "chips": [
            {"label": _("Overdue"), "is_on": is_overdue, "url": f"?whose={whose}{'' if is_overdue else '&overdue'}"}
        ],
    }
    return render_page(request, "collaboration/approval_list.html", context)


@access(Action.VIEW, ApprovalRequest, by="pk", select=("unit", "rule", "requested_by"))
@require_GET
def approval_detail(request: HttpRequest, approval: ApprovalRequest) -> HttpResponse:
    """What is asked, of whom, why of them, and what they said."""
    return _detail(request, approval, None)


@access(Action.EDIT, ApprovalRequest, by="pk", select=("unit", "rule", "requested_by"))
@require_POST
def approval_vote(request: HttpRequest, approval: ApprovalRequest) -> HttpResponse:
    """Answer."""
    actor, now = actor_of(request), timezone.now()
    form = VoteForm(request.POST, people=voices_of(actor, approval, at=now))
    if form.is_valid():
        with errors_into(form):
            values = form.cleaned_data
            approval = approvals.approval_vote(
                actor=actor,
                request=approval,
                verdict=values["verdict"],
                reason=values["reason"],
                on_behalf_of=values["person"],
                at=now,
            )
        if form.is_valid():
            if approval.state == ApprovalState.OUTDATED:
                messages.error(request, _("What it was about has changed since: your answer was not taken."))
            else:
                messages.success(request, _("Your answer is noted."))
            return go_to(request, "collaboration:approval_detail", approval.pk)
    return _detail(request, approval, form)


@access(Action.VIEW, ApprovalRequest, by="pk")
@require_POST
def approval_withdraw(request: HttpRequest, approval: ApprovalRequest) -> HttpResponse:
    """Take a request back."""
    try:
        approvals.approval_withdraw(actor=actor_of(request), request=approval, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The request is withdrawn."))
    return go_to(request, "collaboration:approval_detail", approval.pk)


@require_GET
@signed_in("Counts only requests this person may see.")
def decision_time_list(request: HttpRequest) -> HttpResponse:
    """How long decisions take, by who decides; what is open and overdue."""
    context = {
        **_frame("decisions", _("Time to decision")),
        "times": decision_times(actor_of(request), at=timezone.now()),
    }
    return render_page(request, "collaboration/decision_times.html", context)


@listing(Action.VIEW, ApprovalRule)
@require_GET
def approval_rule_list(request: HttpRequest) -> HttpResponse:
    """Who decides about what, from which amount on."""
    actor = actor_of(request)
    kinds = {kind.code: kind.label for kind in approval_subjects}
    policy = policy_for(ApprovalRule)
    units = actor.units(policy.permission(Action.CREATE))
    context = {
        **_frame("rules", _("Who decides")),
        "rows": [
            {
                "rule": rule,
                "kind": kinds.get(rule.subject_kind, rule.subject_kind),
                "may_edit": policy.allows(actor, Action.EDIT, rule),
                "sees_amount": "above_amount" not in policy.hidden_fields(actor, rule),
            }
            for rule in rules_seen(actor)
        ],
        "units": visible(actor, Unit).filter(pk__in=units, kind__in=("PORTFOLIO", "VALUE_STREAM")).order_by("name"),
    }
    return render_page(request, "collaboration/approval_rule_list.html", context)


@access(Action.CREATE, ApprovalRule, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def approval_rule_create(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Say who decides about things of a unit."""
    actor = actor_of(request)
    form = RuleForm(request.POST or None, people=_people(request), is_new=True)
    if form.is_valid():
        with errors_into(form):
            approval_rules.approval_rule_create(actor=actor, unit=unit, at=timezone.now(), **form.values())
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "collaboration:approval_rule_list")
    return _rule_page(request, unit, form, _("New rule"))


@access(Action.EDIT, ApprovalRule, by="pk", select=("unit",))
@require_http_methods(["GET", "POST"])
def approval_rule_edit(request: HttpRequest, rule: ApprovalRule) -> HttpResponse:
    """Change a rule for what is asked from now on."""
    names = ("name", "above_amount", "role", "quorum", "due_days")
    initial: dict[str, Any] = {name: getattr(rule, name) for name in names}
    initial |= {"people": list(rule.people.values_list("person", flat=True)), "seen": last_change(rule)}
    form = RuleForm(request.POST or None, people=_people(request), is_new=False, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(rule)):
            approval_rules.approval_rule_edit(actor=actor_of(request), rule=rule, at=timezone.now(), **form.values())
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "collaboration:approval_rule_list")
    return _rule_page(request, rule.unit, form, rule.name)


@access(Action.EDIT, ApprovalRule, by="pk")
@require_POST
def approval_rule_archive(request: HttpRequest, rule: ApprovalRule) -> HttpResponse:
    """Let a rule ask nobody any more, or again."""
    form = RuleForm(None, people=_people(request), is_new=False)
    with errors_into(form):
        approval_rules.approval_rule_archive(
            actor=actor_of(request), rule=rule, is_archived=not rule.is_archived, at=timezone.now()
        )
    for error in form.non_field_errors():
        messages.error(request, str(error))
    return go_to(request, "collaboration:approval_rule_list")


@signed_in("Everybody says who answers for them, and nobody for anybody else.")
@require_http_methods(["GET", "POST"])
def delegation(request: HttpRequest) -> HttpResponse:
    """Who answers for this person, and for whom they answer."""
    actor, now = actor_of(request), timezone.now()
    if actor.person_id is None:
        raise Http404
    people = _people(request).exclude(pk=actor.person_id)
    form = DelegationForm(request.POST or None, people=people, initial={"valid_from": local_day(now)})
    if form.is_valid():
        with errors_into(form):
            approval_rules.delegation_create(actor=actor, at=now, **form.values())
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "collaboration:delegation")
    context = {
        **_frame("delegation", _("Who answers for me")),
        "form": form,
        "delegations": delegations_of(actor)[:20],
        "for_others": delegations_to(actor, at=now),
        "today": local_day(now),
    }
    return render_page(request, "collaboration/delegation.html", context, status=422 if form.is_bound else 200)


@signed_in("Everybody ends their own delegations only.")
@require_POST
def delegation_end(request: HttpRequest) -> HttpResponse:
    """Answer for oneself again. SECURITY: the id is looked for among one's own delegations only."""
    actor = actor_of(request)
    pk = whole_number(request.POST.get("delegation", ""))
    found = None if pk is None else delegations_of(actor).filter(pk=pk).first()
    if found is None:
        messages.error(request, _("There is no such delegation of yours."))
        return go_to(request, "collaboration:delegation")
    approval_rules.delegation_end(actor=actor, delegation=found, at=timezone.now())
    messages.success(request, _("You answer for yourself again."))
    return go_to(request, "collaboration:delegation")


def _is_late(approval: ApprovalRequest) -> bool:
    return approval.state == ApprovalState.WAITING and approval.due_at < timezone.now()


def _people(request: HttpRequest) -> Any:
    return visible(actor_of(request), Person).filter(is_active=True).order_by("name", "pk")


def _rule_page(request: HttpRequest, unit: Unit, form: RuleForm, title: str) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "unit": unit,
        "crumbs": [
            (_("Approvals"), reverse("collaboration:approval_list")),
            (_("Who decides"), reverse("collaboration:approval_rule_list")),
            *unit_crumbs(actor_of(request), unit, title)[-1:],
        ],
    }
    return render_page(request, "collaboration/approval_rule_form.html", context, status=422 if form.is_bound else 200)


def _detail(request: HttpRequest, approval: ApprovalRequest, form: VoteForm | None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    people = voices_of(actor, approval, at=now)
    voices = list(approval.voices.select_related("person", "voted_by").order_by("voted_at", "person__name"))
    hidden = policy_for(ApprovalRequest).hidden_fields(actor, approval)
    kind = approvals.subject_kind(approval.subject_kind)
    subject = visible(actor, kind.model).filter(pk=approval.subject_id).first()
    is_own = actor.person_id is not None and approval.requested_by_id == actor.person_id
    content = kind.content(subject) if subject is not None else None
    wrote = content is not None and actor.person_id in content.authors
    people = [] if wrote else people
    context = {
        "approval": approval,
        "kind": kind.label,
        "subject_url": content.url if content is not None else "",
        "voices": voices,
        "agreed": sum(voice.verdict == "APPROVE" for voice in voices),
        "why": routing(actor, approval),
        "shows_amount": "amount" not in hidden and approval.amount is not None,
        "form": form or (VoteForm(people=people) if people else None),
        "is_late": _is_late(approval),
        "is_own": is_own,
        "wrote": wrote,
        "may_withdraw": approval.state == ApprovalState.WAITING
        and (is_own or policy_for(ApprovalRequest).allows_within(actor, Action.CREATE, approval.unit_id)),
        "crumbs": [(_("Approvals"), reverse("collaboration:approval_list")), (approval.title, "")],
    }
    return render_page(request, "collaboration/approval_detail.html", context, status=422 if form is not None else 200)
