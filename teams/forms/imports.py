"""Forms of an import: what each column is, how the tracker's words become ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organization.terms import named
from pmo_portal.lib.format import number as number_text
from portfolio.models import StateCategory
from teams.importing.columns import Column, DayOrder, is_zone
from teams.importing.mapping import UNKNOWN_CODE, ItemType, project_code
from teams.models import ImportPlan, ImportShape
from teams.models import ItemType as OurType

_CODE: Final = re.compile(r"^[A-Z][A-Z0-9_-]{0,15}$")

COLUMN_LABELS: Final = {
    Column.KEY: gettext_lazy("Key"),
    Column.TITLE: gettext_lazy("Title"),
    Column.DESCRIPTION: gettext_lazy("Description"),
    Column.TEAM: gettext_lazy("Team or project"),
    Column.COMPONENT: gettext_lazy("Component"),
    Column.TYPE: gettext_lazy("Type"),
    Column.STATUS: gettext_lazy("Status"),
    Column.RESOLUTION: gettext_lazy("Resolution"),
    Column.ESTIMATE: gettext_lazy("Estimate"),
    Column.ASSIGNEE: gettext_lazy("Assignee"),
    Column.REPORTER: gettext_lazy("Reporter"),
    Column.EPIC: gettext_lazy("Epic or feature (its key)"),
    Column.PARENT: gettext_lazy("Parent (its key)"),
    Column.SPRINT: gettext_lazy("Sprint (its name)"),
    Column.PRIORITY: gettext_lazy("Priority"),
    Column.LABELS: gettext_lazy("Labels"),
    Column.DUE: gettext_lazy("Due date"),
    Column.CREATED: gettext_lazy("Created on"),
    Column.STARTED: gettext_lazy("Started on"),
    Column.DONE: gettext_lazy("Finished on"),
    Column.UPDATED: gettext_lazy("Last changed on"),
    Column.URL: gettext_lazy("Address in the tracker"),
}
DAY_ORDERS: Final = (
    (DayOrder.DMY.value, gettext_lazy("day, month, year: 31/12/2026")),
    (DayOrder.MDY.value, gettext_lazy("month, day, year: 12/31/2026")),
    (DayOrder.YMD.value, gettext_lazy("year, month, day: 2026-12-31")),
)


class VersionForm(forms.Form):
    """A form about something that two may change: it says which version was seen."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ImportColumnsForm(VersionForm):
    """Which column of the table is what, how its days are written, which columns are days of a status."""

    day_order = forms.ChoiceField(label=gettext_lazy("Dates are written"), choices=DAY_ORDERS)
    zone = forms.CharField(
        label=gettext_lazy("Time zone of times without one"),
        max_length=60,
        help_text=gettext_lazy("Such as Europe/Berlin"),
    )
    decimal_comma = forms.BooleanField(label=gettext_lazy("Numbers are written 2,5"), required=False)

    def __init__(self, *args: Any, plan: ImportPlan, zone: str, **kwargs: Any) -> None:
        header: Sequence[str] = plan.survey.get("header", ())
        mapping = plan.mapping
        columns, steps = mapping.get("columns", {}), mapping.get("steps", {})
        initial = {
            "version": plan.version,
            "day_order": mapping.get("day_order", DayOrder.DMY.value),
            "zone": mapping.get("zone", zone),
            "decimal_comma": mapping.get("decimal_comma", False),
            **{f"column-{use.value}": columns.get(use.value, "") for use in Column},
            **{f"step-{number}": steps.get(heading, "") for number, heading in enumerate(header)},
        }
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self.header = header
        choices = [("", _("(not in the file)")), *((heading, heading) for heading in header)]
        for use in Column:
            self.fields[f"column-{use.value}"] = forms.ChoiceField(
                label=COLUMN_LABELS[use], choices=choices, required=False
            )
        for number, heading in enumerate(header):
            self.fields[f"step-{number}"] = forms.CharField(label=heading, max_length=80, required=False)

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip()
        if not is_zone(zone):
            raise forms.ValidationError(_("There is no time zone of this name; they look like Europe/Berlin."))
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("column-title") and not cleaned.get("column-key"):
            self.add_error("column-title", _("Say which column is the title, or the key."))
        return cleaned

    def column_fields(self) -> list[Any]:
        """The fields of the uses, in their order."""
        return [self[f"column-{use.value}"] for use in Column]

    def step_fields(self, samples: Mapping[str, Sequence[str]]) -> list[tuple[Any, str]]:
        """The fields of the columns that look like days, with an example of each."""
        return [
            (self[f"step-{number}"], (samples.get(heading) or [""])[0])
            for number, heading in enumerate(self.header)
            if any(re.search(r"\d{1,4}[./-]\w{1,3}[./-]\d{2,4}", sample) for sample in samples.get(heading, ()))
        ]

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        cleaned = self.cleaned_data
        return {
            "columns": {use.value: cleaned[f"column-{use.value}"] for use in Column if cleaned[f"column-{use.value}"]},
            "steps": {
                heading: cleaned[f"step-{number}"].strip()
                for number, heading in enumerate(self.header)
                if cleaned.get(f"step-{number}", "").strip()
            },
            "day_order": cleaned["day_order"],
            "zone": cleaned["zone"],
            "decimal_comma": cleaned["decimal_comma"],
        }


class ImportWordsForm(VersionForm):
    """How the words of the tracker become ours: projects and components, statuses, types, resolutions, the estimate."""

    epics = forms.ChoiceField(
        label=gettext_lazy("Epics become"),
        choices=(("features", gettext_lazy("features of a program")), ("items", gettext_lazy("items, as stories"))),
    )
    program_code = forms.CharField(label=gettext_lazy("Code of the program"), max_length=16, required=False)
    program_name = forms.CharField(label=gettext_lazy("Name of the program"), max_length=120, required=False)
    site_url = forms.URLField(
        label=gettext_lazy("Address of the tracker"),
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy("What stands before a key in a link, such as https://jira.example.org/browse"),
    )
    estimate = forms.ChoiceField(label=gettext_lazy("Estimate"), required=False)
    resolutions = forms.MultipleChoiceField(
        label=gettext_lazy("Resolutions that mean nothing came of it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, plan: ImportPlan, team_codes: Iterable[str], **kwargs: Any) -> None:
        words, mapping = plan.survey.get("words", {}), plan.mapping
        self.words, self.plan = words, plan
        self.team_codes = list(team_codes)
        self.projects: list[Mapping[str, Any]] = words.get("projects", [])
        program = mapping.get("program") or {}
        estimates = words.get("estimates", [])
        cancelled = mapping.get("cancelled_resolutions")
        known = [entry["field"] for entry in estimates if entry["is_known"]]
        initial: dict[str, Any] = {
            "version": plan.version,
            "epics": mapping.get("epics", "features"),
            "program_code": program.get("code", f"{plan.unit.code[:13]}-P" if words.get("epics") else ""),
            "program_name": program.get("name", plan.unit.name if words.get("epics") else ""),
            "site_url": mapping.get("site_url", ""),
            "estimate": next(iter(mapping.get("estimate_fields") or known), ""),
            "resolutions": [
                entry["name"]
                for entry in words.get("resolutions", ())
                if (entry["is_cancelled"] if cancelled is None else entry["name"].lower() in cancelled)
            ],
        }
        chosen = _teams_by_condition(mapping)
        guesses = _code_guesses([project["project"] for project in self.projects], plan.source)
        for number, project in enumerate(self.projects):
            code, name = chosen.get((project["project"], ""), (guesses[number], ""))
            initial[f"team-{number}"] = code
            initial[f"teamname-{number}"] = name or project["name"] or code
            for place, component in enumerate(project["components"]):
                code, name = chosen.get((project["project"], component["name"]), ("", ""))
                initial[f"team-{number}-{place}"] = code
                initial[f"teamname-{number}-{place}"] = name or component["name"]
        for number, entry in enumerate(words.get("statuses", ())):
            initial[f"status-{number}"] = mapping.get("statuses", {}).get(entry["name"], entry["category"])
        for number, entry in enumerate(words.get("types", ())):
            initial[f"type-{number}"] = mapping.get("types", {}).get(entry["name"], entry["type"])
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self._add_fields(estimates)

    def _add_fields(self, estimates: Sequence[Mapping[str, Any]]) -> None:
        words = self.words
        fields: dict[str, Any] = self.fields
        if estimates:
            fields["estimate"].choices = [
                ("", _("(none)")),
                *((entry["field"], f"{entry['field']} ({entry['sample']})") for entry in estimates),
            ]
        else:
            del fields["estimate"]
        if words.get("resolutions"):
            fields["resolutions"].choices = [
                (entry["name"], f"{entry['name']} ({number_text(entry['count'])})") for entry in words["resolutions"]
            ]
        else:
            del fields["resolutions"]
        if self.plan.shape == ImportShape.TABLE:
            del fields["site_url"]
        if self.plan.unit.kind == "PROGRAM":
            del fields["program_code"], fields["program_name"]
        for number, project in enumerate(self.projects):
            fields[f"team-{number}"] = _code_field(required=True)
            fields[f"teamname-{number}"] = _name_field()
            for place, _component in enumerate(project["components"]):
                fields[f"team-{number}-{place}"] = _code_field(required=False)
                fields[f"teamname-{number}-{place}"] = _name_field()
        for number, entry in enumerate(words.get("statuses", ())):
            fields[f"status-{number}"] = forms.ChoiceField(label=entry["name"], choices=StateCategory.choices)
        types = [*OurType.choices, (ItemType.EPIC.value, named("Feature"))]
        for number, entry in enumerate(words.get("types", ())):
            fields[f"type-{number}"] = forms.ChoiceField(label=entry["name"], choices=types)

    # -- for the template ----------------------------------------------------------------------------------------------

    def project_rows(self) -> list[dict[str, Any]]:
        """Each project with its team, and its components with theirs."""
        return [
            {
                **project,
                "team": self[f"team-{number}"],
                "team_name": self[f"teamname-{number}"],
                "is_split": any(
                    self[f"team-{number}-{place}"].value() or self[f"team-{number}-{place}"].errors
                    for place in range(len(project["components"]))
                ),
                "rows": [
                    {
                        **component,
                        "team": self[f"team-{number}-{place}"],
                        "team_name": self[f"teamname-{number}-{place}"],
                    }
                    for place, component in enumerate(project["components"])
                ],
            }
            for number, project in enumerate(self.projects)
        ]

    def status_rows(self) -> list[tuple[Any, Mapping[str, Any]]]:
        """Each status with its field."""
        return [(self[f"status-{n}"], entry) for n, entry in enumerate(self.words.get("statuses", ()))]

    def type_rows(self) -> list[tuple[Any, Mapping[str, Any]]]:
        """Each type with its field."""
        return [(self[f"type-{n}"], entry) for n, entry in enumerate(self.words.get("types", ()))]

    def other_fields(self) -> list[Any]:
        """The fields that belong to no word."""
        names = ("epics", "program_code", "program_name", "estimate", "resolutions", "site_url")
        return [self[name] for name in names if name in self.fields]

    # -- for the service -----------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        code = cleaned.get("program_code") or ""
        if code and not _CODE.match(code):
            self.add_error("program_code", _("Up to 16 capital letters, digits, - and _."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """The part of the mapping that is about words."""
        cleaned = self.cleaned_data
        split: list[dict[str, Any]] = []
        whole: list[dict[str, Any]] = []
        for number, project in enumerate(self.projects):
            key = project["project"]
            for place, component in enumerate(project["components"]):
                code = cleaned[f"team-{number}-{place}"]
                if code:
                    name = cleaned[f"teamname-{number}-{place}"] or component["name"]
                    split.append(
                        {"code": code, "name": name, "when": [{"project": key, "component": component["name"]}]}
                    )
            code, name = cleaned[f"team-{number}"], cleaned[f"teamname-{number}"]
            whole.append({"code": code, "name": name or code, "when": [{"project": key}]})
        values: dict[str, Any] = {
            # What has no project matches any, so it comes last.
            "teams": split + sorted(whole, key=lambda team: team["when"][0]["project"] == ""),
            "statuses": {
                entry["name"]: cleaned[f"status-{n}"] for n, entry in enumerate(self.words.get("statuses", ()))
            },
            "types": {entry["name"]: cleaned[f"type-{n}"] for n, entry in enumerate(self.words.get("types", ()))},
            "epics": cleaned["epics"],
            "site_url": cleaned.get("site_url", ""),
            "estimate_fields": [cleaned["estimate"]] if cleaned.get("estimate") else [],
        }
        if "resolutions" in self.fields:
            values["cancelled_resolutions"] = [name.lower() for name in cleaned["resolutions"]]
        if cleaned.get("program_code"):
            code = cleaned["program_code"]
            values["program"] = {"code": code, "name": cleaned.get("program_name") or code}
        else:
            values["program"] = None
        return values


def _code_field(*, required: bool) -> forms.CharField:
    field = forms.RegexField(
        _CODE,
        required=required,
        max_length=16,
        label=_("Code of the team"),
        error_messages={"invalid": _("Up to 16 capital letters, digits, - and _.")},
    )
    field.widget.attrs.update({"list": "team-codes", "aria-label": _("Code of the team")})
    return field


def _name_field() -> forms.CharField:
    field = forms.CharField(required=False, max_length=120, label=_("Name of the team"))
    field.widget.attrs["aria-label"] = _("Name of the team")
    return field


def _code_guesses(projects: Sequence[str], source: str) -> list[str]:
    """A code for the team of each project: its own word, with the tracker's before it where that says nothing or is
    another's already; two projects become one team only when somebody says so."""
    found: list[str] = []
    for project in projects:
        code = project_code(project or source)
        if code in {UNKNOWN_CODE, *found}:
            code = project_code(f"{source}-{project}")
        found.append(code)
    return found


def _teams_by_condition(mapping: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (condition.get("project", ""), condition.get("component", "")): (team["code"], team.get("name", ""))
        for team in mapping.get("teams", ())
        for condition in team.get("when", ())
    }
