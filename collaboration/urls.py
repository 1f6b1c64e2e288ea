"""Pages of the collaboration app."""

from __future__ import annotations

from django.urls import path

from collaboration import talk_urls
from collaboration.views import (
    approvals,
    bulk_jobs,
    erasures,
    exports,
    inbox,
    jobs,
    links,
    notifications,
    saved_views,
    schedules,
    watching,
)
from collaboration.views.search import search_page

app_name = "collaboration"

urlpatterns = [
    # Saved views of lists
    path("views/", saved_views.view_menu, name="view_menu"),
    path("views/new/", saved_views.view_create, name="view_create"),
    path("views/<int:pk>/", saved_views.view_edit, name="view_edit"),
    path("views/<int:pk>/delete/", saved_views.view_delete, name="view_delete"),
    # What people say about things, and their files
    *talk_urls.urlpatterns,
    # Links between things, and how much the tabs of a thing hold
    path("links/<str:kind>/<int:pk>/", links.link_list, name="link_list"),
    path("links/<str:kind>/<int:pk>/add/", links.link_create, name="link_create"),
    path("links/<str:kind>/<int:pk>/remove/", links.link_remove, name="link_remove"),
    path("counts/<str:kind>/<int:pk>/", links.subject_counts, name="subject_counts"),
    # Being told, watching, and what is at hand
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/badge/", inbox.inbox_badge, name="inbox_badge"),
    path("inbox/mark/", inbox.inbox_mark, name="inbox_mark"),
    path("inbox/read/", inbox.inbox_read_all, name="inbox_read_all"),
    path("inbox/undo/", inbox.inbox_undo, name="inbox_undo"),
    path("inbox/snooze/", inbox.inbox_snooze, name="inbox_snooze"),
    path("inbox/settings/", notifications.notification_settings, name="notification_settings"),
    path("inbox/settings/mute/", notifications.unit_mute, name="unit_mute"),
    path("inbox/settings/unmute/", notifications.unit_unmute, name="unit_unmute"),
    path("inbox/mails/<str:token>/", notifications.unsubscribe, name="unsubscribe"),
    path("inbox/<int:pk>/", inbox.inbox_open, name="inbox_open"),
    path("watching/", watching.watch_list, name="watch_list"),
    path("starred/", watching.favourite_list, name="favourite_list"),
    path("marks/<str:kind>/<int:pk>/", watching.subject_marks, name="subject_marks"),
    path("marks/<str:kind>/<int:pk>/watch/", watching.subject_watch, name="subject_watch"),
    path("marks/<str:kind>/<int:pk>/star/", watching.subject_star, name="subject_star"),
    # Search
    path("search/", search_page, name="search"),
    # Approvals
    path("approvals/", approvals.approval_list, name="approval_list"),
    path("approvals/<int:pk>/", approvals.approval_detail, name="approval_detail"),
    path("approvals/<int:pk>/vote/", approvals.approval_vote, name="approval_vote"),
    path("approvals/<int:pk>/withdraw/", approvals.approval_withdraw, name="approval_withdraw"),
    path("approvals/times/", approvals.decision_time_list, name="decision_times"),
    path("approvals/rules/", approvals.approval_rule_list, name="approval_rule_list"),
    path("approvals/rules/<int:pk>/", approvals.approval_rule_edit, name="approval_rule_edit"),
    path("approvals/rules/<int:pk>/archive/", approvals.approval_rule_archive, name="approval_rule_archive"),
    path("approvals/delegation/", approvals.delegation, name="delegation"),
    path("approvals/delegation/end/", approvals.delegation_end, name="delegation_end"),
    path("units/<str:code>/approval-rules/new/", approvals.approval_rule_create, name="approval_rule_create"),
    path("people/<int:pk>/erase/", erasures.erasure_create, name="erasure_create"),
    # Long work
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job_detail"),
    path("jobs/<int:pk>/stop/", jobs.job_stop, name="job_stop"),
    path("jobs/<int:pk>/again/", jobs.job_again, name="job_again"),
    path("jobs/<int:pk>/undo/", bulk_jobs.bulk_undo, name="bulk_undo"),
    path("exports/new/", exports.export_create, name="export_create"),
    # Files by mail
    path("exports/schedules/", schedules.schedule_list, name="schedule_list"),
    path("exports/schedules/new/", schedules.schedule_create, name="schedule_create"),
    path("exports/schedules/<int:pk>/", schedules.schedule_edit, name="schedule_edit"),
    path("exports/schedules/<int:pk>/pause/", schedules.schedule_pause, name="schedule_pause"),
    path("exports/schedules/<int:pk>/send/", schedules.schedule_send, name="schedule_send"),
    path("exports/schedules/<int:pk>/delete/", schedules.schedule_delete, name="schedule_delete"),
    path("exports/schedules/<int:pk>/leave/", schedules.schedule_leave, name="schedule_leave"),
    path("jobs/<int:pk>/errors/", jobs.job_errors_csv, name="job_errors"),
    path("jobs/<int:pk>/files/<int:file_pk>/", jobs.job_file, name="job_file"),
]
