"""Pages of the teams app."""

from __future__ import annotations

from django.urls import path

from teams.views import (
    backlogs,
    boards,
    feature_items,
    imports,
    item_documents,
    items,
    list_edits,
    list_tree,
    lists,
    sprints,
    teams,
)

app_name = "teams"

urlpatterns = [
    path("teams/", teams.team_list, name="team_list"),
    path("teams/<str:code>/new/", teams.team_create, name="team_create"),
    # The board
    path("teams/<str:code>/board/", boards.board, name="board"),
    path("teams/<str:code>/board/cards/", boards.board_cards_fragment, name="board_cards"),
    path("teams/<str:code>/board/move/", boards.board_move, name="board_move"),
    path("teams/<str:code>/board/add/", boards.board_add, name="board_add"),
    path("teams/<str:code>/board/strip/", boards.board_strip, name="board_strip"),
    path("teams/<str:code>/board/filters/<str:facet>/", boards.board_facet_list, name="board_facet"),
    # The backlog
    path("teams/<str:code>/backlog/", backlogs.backlog, name="backlog"),
    path("teams/<str:code>/backlog/rows/", backlogs.backlog_rows_fragment, name="backlog_rows"),
    path("teams/<str:code>/backlog/move/", backlogs.backlog_move, name="backlog_move"),
    path("teams/<str:code>/backlog/plan/", backlogs.backlog_plan, name="backlog_plan"),
    # Sprints
    path("teams/<str:code>/sprints/", sprints.sprint_list, name="sprint_list"),
    path("teams/<str:code>/sprints/new/", sprints.sprint_create, name="sprint_create"),
    path("teams/<str:code>/sprints/<int:pk>/", sprints.sprint_detail, name="sprint_detail"),
    path("teams/<str:code>/sprints/<int:pk>/edit/", sprints.sprint_edit, name="sprint_edit"),
    path("teams/<str:code>/sprints/<int:pk>/start/", sprints.sprint_start, name="sprint_start"),
    path("teams/<str:code>/sprints/<int:pk>/close/", sprints.sprint_close, name="sprint_close"),
    path("teams/<str:code>/sprints/<int:pk>/delete/", sprints.sprint_delete, name="sprint_delete"),
    # Items of a team
    path("teams/<str:code>/items/", lists.item_list, name="item_list"),
    path("teams/<str:code>/items/cell/", list_edits.item_cell, name="item_cell"),
    path("teams/<str:code>/items/bulk/", list_edits.item_bulk, name="item_bulk"),
    path("teams/<str:code>/items/bulk/undo/<str:token>/", list_edits.item_bulk_undo, name="item_bulk_undo"),
    path("teams/<str:code>/items/new/", lists.item_create_in, name="item_create_in"),
    path("teams/<str:code>/bin/", lists.item_bin, name="item_bin"),
    # Settings
    path("teams/<str:code>/settings/", teams.team_settings, name="team_settings"),
    path("teams/<str:code>/settings/columns/new/", teams.state_create, name="state_create"),
    path("teams/<str:code>/settings/columns/<int:pk>/", teams.state_edit, name="state_edit"),
    path("teams/<str:code>/settings/columns/<int:pk>/move/", teams.state_move, name="state_move"),
    path("teams/<str:code>/settings/columns/<int:pk>/meaning/", teams.state_meaning, name="state_meaning"),
    path("teams/<str:code>/settings/columns/<int:pk>/archive/", teams.state_archive, name="state_archive"),
    # Imports from files
    path("imports/", imports.import_list, name="import_list"),
    path("imports/new/", imports.import_create, name="import_create"),
    path("imports/<int:pk>/", imports.import_detail, name="import_detail"),
    path("imports/<int:pk>/columns/", imports.import_columns, name="import_columns"),
    path("imports/<int:pk>/words/", imports.import_words, name="import_words"),
    path("imports/<int:pk>/rehearsal/", imports.import_check, name="import_check"),
    path("imports/<int:pk>/report/", imports.import_report, name="import_report"),
    path("imports/<int:pk>/run/", imports.import_run, name="import_run"),
    path("imports/<int:pk>/correct/", imports.import_correct, name="import_correct"),
    path("imports/<int:pk>/undo/", imports.import_undo, name="import_undo"),
    path("imports/<int:pk>/stop/", imports.import_stop, name="import_stop"),
    path("imports/<int:pk>/drop/", imports.import_drop, name="import_drop"),
    # What teams do for a feature
    path("features/<str:key>/parts/", list_tree.feature_parts, name="feature_parts"),
    path("features/<str:key>/items/", feature_items.feature_items, name="feature_items"),
    # One item
    path("items/new/", lists.item_create_anywhere, name="item_create"),
    path("items/<str:key>/", items.item_detail, name="item_detail"),
    path("items/<str:key>/document/", item_documents.item_document, name="item_document"),
    path("items/<str:key>/edit/", items.item_edit, name="item_edit"),
    path("items/<str:key>/fields/<str:field>/", items.item_field_edit, name="item_field_edit"),
    path("items/<str:key>/estimate/", backlogs.item_estimate, name="item_estimate"),
    path("items/<str:key>/move/", items.item_move, name="item_move"),
    path("items/<str:key>/block/", items.item_block, name="item_block"),
    path("items/<str:key>/unblock/", items.item_unblock, name="item_unblock"),
    path("items/<str:key>/sub-items/", items.item_sub_add, name="item_sub_add"),
    path("items/<str:key>/delete/", items.item_delete, name="item_delete"),
    path("items/<str:key>/restore/", items.item_restore, name="item_restore"),
    path("items/<str:key>/undo/<int:seq>/", items.item_undo, name="item_undo"),
    path("items/<str:key>/transfer/", items.item_transfer, name="item_transfer"),
]
