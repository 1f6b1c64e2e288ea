"""Pages of exchange rates."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organization.forms.rates import RateEditForm, RateForm, RateUploadForm
from organization.models import ExchangeRate
from organization.selectors.history import object_history_entries
from organization.selectors.rates import rates_seen
from organization.services import rates as services
from pmo_portal.lib.access import Action, access, actor_of, listing, policy_for
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.merging import last_change
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day

URL = "/administration/rates/"
PAGE = 100


def _crumbs(*here: str) -> list[tuple[str, str]]:
    return [(_("Administration"), "/administration/"), (_("Exchange rates"), URL), *((name, "") for name in here)]


@listing(Action.VIEW, ExchangeRate)
@require_GET
def rate_list(request: HttpRequest) -> HttpResponse:
    """All rates, those that hold today marked."""
    actor, today = actor_of(request), local_day(timezone.now())
    page = Paginator(rates_seen(actor), PAGE).get_page(request.GET.get("page"))
    policy = policy_for(ExchangeRate)
    rows, pairs = [], set()
    for rate in page.object_list:
        pair = (rate.base, rate.quote)
        holds = rate.starts_on <= today and pair not in pairs
        if rate.starts_on <= today:
            pairs.add(pair)
        rows.append({"rate": rate, "holds": holds, "is_planned": rate.starts_on > today})
    context = {
        "rows": rows,
        "page": page,
        "may_create": policy.allows_within(actor, Action.CREATE, None),
        "may_edit": policy.allows_within(actor, Action.EDIT, None),
        "crumbs": _crumbs(),
    }
    return render_page(request, "organization/rate_list.html", context)


@listing(Action.CREATE, ExchangeRate)
@require_http_methods(["GET", "POST"])
def rate_create(request: HttpRequest) -> HttpResponse:
    """Add a rate."""
    form = RateForm(request.POST or None, initial={"starts_on": local_day(timezone.now())})
    if form.is_valid():
        with errors_into(form):
            services.rate_create(actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:rate_list")
    context = {"form": form, "crumbs": _crumbs(_("New rate"))}
    return render_page(request, "organization/rate_create.html", context, status=422 if form.is_bound else 200)


@listing(Action.CREATE, ExchangeRate)
@require_http_methods(["GET", "POST"])
def rate_upload(request: HttpRequest) -> HttpResponse:
    """Read rates from a file."""
    form = RateUploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        with errors_into(form):
            rows = services.rates_read(form.cleaned_data["file"].read(services.MOST_BYTES + 1))
            source = form.cleaned_data["source"] or form.cleaned_data["file"].name
            count = services.rate_load(actor=actor_of(request), rows=rows, source=source, at=timezone.now())
        if form.is_valid():
            messages.success(request, _("Rates kept: %(count)s.") % {"count": count})
            return go_to(request, "organization:rate_list")
    context = {"form": form, "crumbs": _crumbs(_("Read a file"))}
    return render_page(request, "organization/rate_upload.html", context, status=422 if form.is_bound else 200)


@access(Action.EDIT, ExchangeRate, by="pk")
@require_http_methods(["GET", "POST"])
def rate_edit(request: HttpRequest, rate: ExchangeRate) -> HttpResponse:
    """Correct a rate."""
    actor = actor_of(request)
    initial = {"value": rate.rate.normalize(), "source": rate.source, "seen": last_change(rate)}
    form = RateEditForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_into(form), conflicts_into(form, seen="seen", now=lambda: last_change(rate)):
            services.rate_edit(actor=actor, rate=rate, at=timezone.now(), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, _("Saved"))
            return go_to(request, "organization:rate_list")
    context = {
        "form": form,
        "rate": rate,
        "entries": object_history_entries(actor, rate, _("Exchange rate")),
        "crumbs": _crumbs(str(rate)),
    }
    return render_page(request, "organization/rate_edit.html", context, status=422 if form.is_bound else 200)


@access(Action.DELETE, ExchangeRate, by="pk")
@require_POST
def rate_delete(request: HttpRequest, rate: ExchangeRate) -> HttpResponse:
    """Take a rate back."""
    services.rate_delete(actor=actor_of(request), rate=rate, at=timezone.now())
    messages.success(request, _("The rate is taken back."))
    return go_to(request, "organization:rate_list")
