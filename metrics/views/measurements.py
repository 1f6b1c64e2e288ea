"""Pages that write values: of a KPI, by hand and by file."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics.forms.uploads import UploadForm
from metrics.forms.value import ReadingForm
from metrics.models import Kpi, KpiSource, Measurement
from metrics.selectors.value import value_text
from metrics.selectors.value_upload import preview_of, uploadable_kpis
from metrics.services import measurements as services
from metrics.views.value_frames import away_answer, value_crumbs
from organization.models import Unit
from pmo_portal.lib.access import Action, Denied, access, actor_of, policy_for
from pmo_portal.lib.errors import Refused
from pmo_portal.lib.forms import conflicts_into, errors_into
from pmo_portal.lib.pages import go_to, render_page
from pmo_portal.lib.windows import local_day
from portfolio.selectors.lookups import version_now
from portfolio.views.details import refusal


def _require_open(request: HttpRequest, kpi: Kpi) -> None:
    """Amounts are entered by those who may see them."""
    if policy_for(Measurement).hidden_fields(actor_of(request), Measurement(kpi=kpi)):
        raise Denied(Action.EDIT, kpi)


@access(Action.CREATE, Measurement, by="pk", within=Kpi, select=("unit",))
@require_http_methods(["GET", "POST"])
def kpi_measure(request: HttpRequest, kpi: Kpi) -> HttpResponse:
    """Enter the value of a day."""
    actor = actor_of(request)
    _require_open(request, kpi)
    back = reverse("metrics:kpi_detail", args=[kpi.pk])
    if kpi.source == KpiSource.FORMULA or kpi.archived_at is not None:
        return refusal(request, Refused(_("This KPI takes no values by hand.")), "metrics:kpi_detail", kpi.pk)
    form = ReadingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_into(form):
            measurement = services.measurement_record(actor=actor, kpi=kpi, values=form.values(), at=timezone.now())
        if form.is_valid():
            undo = reverse("metrics:measurement_remove", args=[measurement.pk])
            said = _("%(value)s is noted.") % {"value": value_text(measurement.value, kpi)}
            messages.success(request, said, extra_tags=undo)
            return go_to(request, "metrics:kpi_detail", kpi.pk)
    return _form_page(request, kpi, form, _("Enter a value"), _("Save value"), back)


@access(Action.EDIT, Measurement, by="pk", select=("kpi__unit",))
@require_http_methods(["GET", "POST"])
def measurement_edit(request: HttpRequest, measurement: Measurement) -> HttpResponse:
    """Correct a value; what it was stays in the history."""
    actor, kpi = actor_of(request), measurement.kpi
    _require_open(request, kpi)
    form = ReadingForm(request.POST or None, instance=measurement, initial={"version": measurement.version})
    if request.method == "POST" and form.is_valid():
        with errors_into(form), conflicts_into(form, seen="version", now=lambda: version_now(measurement)):
            services.measurement_correct(
                actor=actor,
                measurement=measurement,
                values=form.values(),
                seen_version=form.cleaned_data["version"],
                at=timezone.now(),
            )
        if form.is_valid():
            messages.success(request, _("Corrected"))
            return go_to(request, "metrics:kpi_detail", kpi.pk)
    back = reverse("metrics:kpi_detail", args=[kpi.pk])
    return _form_page(request, kpi, form, _("Correct a value"), _("Save"), back)


@access(Action.EDIT, Measurement, by="pk", select=("kpi__unit",))
@require_POST
def measurement_remove(request: HttpRequest, measurement: Measurement) -> HttpResponse:
    """Take a value back; with ``?back`` bring it back."""
    _require_open(request, measurement.kpi)
    return away_answer(
        request,
        lambda is_away: services.measurement_remove(
            actor=actor_of(request), measurement=measurement, is_removed=is_away, at=timezone.now()
        ),
        here=reverse("metrics:measurement_remove", args=[measurement.pk]),
        away=_("The value is taken back."),
        again=_("The value is back."),
        back=("metrics:kpi_detail", measurement.kpi_id),
    )


@access(Action.CREATE, Measurement, by="code", within=Unit)
@require_http_methods(["GET", "POST"])
def kpi_upload(request: HttpRequest, unit: Unit) -> HttpResponse:
    """Values of many KPIs from a file: first what it would do, then, on a second press, do it."""
    actor = actor_of(request)
    now = timezone.now()
    kpis = uploadable_kpis(actor, unit, day=local_day(now))
    is_sent = request.method == "POST"
    form = UploadForm(
        request.POST if is_sent else None, request.FILES if is_sent else None, kpis=kpis, today=local_day(now)
    )
    preview = None
    if is_sent and form.is_valid():
        if "run" in request.POST:
            with errors_into(form):
                counts = services.measurements_upload(actor=actor, rows=form.rows, at=now)
            if form.is_valid():
                messages.success(request, services.upload_sentence(counts))
                return go_to(request, f"{reverse('metrics:kpi_list')}?unit={unit.code}")
        else:
            preview = preview_of(form.rows, kpis)
    context = {
        "unit": unit,
        "form": form,
        "preview": preview,
        "kpis": sorted(kpis.values(), key=lambda kpi: kpi.name),
        "crumbs": value_crumbs((_("KPIs"), reverse("metrics:kpi_list")), _("Upload values")),
    }
    is_wrong = is_sent and not form.is_valid()
    return render_page(request, "metrics/kpi_upload.html", context, status=422 if is_wrong else 200)


def _form_page(request: HttpRequest, kpi: Kpi, form: ReadingForm, title: str, submit: str, back: str) -> HttpResponse:
    context = {
        "title": title,
        "unit": kpi.unit,
        "form": form,
        "submit": submit,
        "cancel_url": back,
        "crumbs": value_crumbs((_("KPIs"), reverse("metrics:kpi_list")), (kpi.name, back), title),
    }
    return render_page(request, "metrics/value_form.html", context, status=422 if form.is_bound else 200)
