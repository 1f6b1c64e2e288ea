"""Pages of the organization app."""

from __future__ import annotations

from django.urls import path

from organization.account_urls import urlpatterns as account_urls
from organization.administration_urls import urlpatterns as administration_urls
from organization.views import (
    access,
    calendars,
    components,
    customs,
    home,
    lists,
    palette,
    people,
    periods,
    preferences,
    shell,
    units,
)

app_name = "organization"

urlpatterns = [
    path("", home.home, name="home"),
    path("home/later/", home.home_later, name="home_later"),
    path("profile/", preferences.profile, name="profile"),
    # -- the shell
    path("palette/", palette.palette, name="palette"),
    path("scope/", shell.scope_tree, name="scope_tree"),
    path("live/ticket/", shell.live_ticket, name="live_ticket"),
    path("language/", shell.language_set, name="language_set"),
    path("components/", components.components, name="components"),
    # -- units
    path("units/", lists.unit_list, name="unit_list"),
    path("units/new/", units.unit_create, name="unit_create"),
    path("units/cell/", lists.unit_cell, name="unit_cell"),
    path("units/<str:code>/", units.unit_detail, name="unit_detail"),
    path("units/<str:code>/edit/", units.unit_edit, name="unit_edit"),
    path("units/<str:code>/move/", units.unit_move, name="unit_move"),
    path("units/<str:code>/close/", units.unit_close, name="unit_close"),
    path("units/<str:code>/reopen/", units.unit_reopen, name="unit_reopen"),
    path("units/<str:code>/people/", units.unit_people, name="unit_people"),
    path("units/<str:code>/place/", units.unit_placements, name="unit_placements"),
    path("units/<str:code>/history/", units.unit_history, name="unit_history"),
    path("units/<str:code>/periods/", periods.unit_periods, name="unit_periods"),
    path("units/<str:code>/periods/new/", periods.period_create, name="period_create"),
    path("units/<str:code>/periods/series/", periods.period_series, name="period_series"),
    # -- people and roles
    path("people/", lists.person_list, name="person_list"),
    path("people/new/", people.person_create, name="person_create"),
    path("people/cell/", lists.person_cell, name="person_cell"),
    path("people/<int:pk>/", people.person_detail, name="person_detail"),
    path("people/<int:pk>/edit/", people.person_edit, name="person_edit"),
    path("people/<int:pk>/invite/", people.person_invite, name="person_invite"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person_deactivate"),
    path("people/<int:pk>/activate/", people.person_activate, name="person_activate"),
    path("people/<int:pk>/history/", people.person_history, name="person_history"),
    path("roles/new/", people.role_give, name="role_give"),
    path("roles/<int:pk>/end/", people.role_end, name="role_end"),
    # -- time
    path("periods/", periods.period_list, name="period_list"),
    path("periods/<int:pk>/", periods.period_edit, name="period_edit"),
    path("periods/<int:pk>/delete/", periods.period_delete, name="period_delete"),
    path("calendars/", calendars.calendar_list, name="calendar_list"),
    path("calendars/new/", calendars.calendar_create, name="calendar_create"),
    path("calendars/<int:pk>/", calendars.calendar_detail, name="calendar_detail"),
    path("calendars/<int:pk>/edit/", calendars.calendar_edit, name="calendar_edit"),
    path("calendars/<int:pk>/delete/", calendars.calendar_delete, name="calendar_delete"),
    path("calendars/<int:pk>/days/", calendars.calendar_day_set, name="calendar_day_set"),
    path("calendars/<int:pk>/days/<int:day_pk>/remove/", calendars.calendar_day_remove, name="calendar_day_remove"),
    # -- own words, own fields, and the rules
    path("words/", customs.term_list, name="term_list"),
    path("words/<str:code>/", customs.term_edit, name="term_edit"),
    path("fields/", customs.custom_field_list, name="custom_field_list"),
    path("fields/new/", customs.custom_field_create, name="custom_field_create"),
    path("fields/<int:pk>/", customs.custom_field_edit, name="custom_field_edit"),
    path("fields/<int:pk>/archive/", customs.custom_field_archive, name="custom_field_archive"),
    path("access/", access.access, name="access"),
    *account_urls,
    *administration_urls,
]
