"""Pages of the portfolio app."""

from __future__ import annotations

from django.urls import path

from portfolio.views import cases, epic_boards, epic_features, epics, feature_boards, features, lists, themes

app_name = "portfolio"

urlpatterns = [
    path("strategy/", themes.strategy, name="strategy"),
    path("themes/new/", themes.theme_choose, name="theme_choose"),
    path("themes/<int:pk>/", themes.theme_detail, name="theme_detail"),
    path("themes/<int:pk>/edit/", themes.theme_edit, name="theme_edit"),
    path("themes/<int:pk>/delete/", themes.theme_delete, name="theme_delete"),
    path("portfolio/", lists.portfolio_list, name="portfolio_list"),
    path("portfolio/<str:code>/themes/new/", themes.theme_create, name="theme_create"),
    path("portfolio/<str:code>/board/", epic_boards.epic_board, name="epic_board"),
    path("portfolio/<str:code>/board/cards/", epic_boards.epic_board_cards, name="epic_board_cards"),
    path("portfolio/<str:code>/board/move/", epic_boards.epic_board_move, name="epic_board_move"),
    path("portfolio/<str:code>/board/add/", epic_boards.epic_board_add, name="epic_board_add"),
    path("portfolio/<str:code>/epics/", lists.epic_list, name="epic_list"),
    path("portfolio/<str:code>/epics/csv/", lists.epic_export, name="epic_export"),
    path("portfolio/<str:code>/epics/new/", epic_boards.epic_create, name="epic_create"),
    path("portfolio/<str:code>/bin/", lists.epic_bin, name="epic_bin"),
    path("epics/new/", lists.epic_choose, name="epic_choose"),
    path("epics/<str:key>/", epics.epic_detail, name="epic_detail"),
    path("epics/<str:key>/edit/", epic_boards.epic_edit, name="epic_edit"),
    path("epics/<str:key>/edit/<slug:name>/", epics.epic_edit_field, name="epic_edit_field"),
    path("epics/<str:key>/align/", epics.epic_align, name="epic_align"),
    path("epics/<str:key>/move/", epics.epic_move, name="epic_move"),
    path("epics/<str:key>/case/", cases.epic_case, name="epic_case"),
    path("epics/<str:key>/case/edit/", cases.case_edit, name="case_edit"),
    path("epics/<str:key>/case/compare/", cases.case_compare, name="case_compare"),
    path("epics/<str:key>/features/", epic_features.epic_features, name="epic_features"),
    path("epics/<str:key>/history/", epics.epic_history, name="epic_history"),
    path("epics/<str:key>/undo/<int:seq>/", epics.epic_undo, name="epic_undo"),
    path("epics/<str:key>/delete/", epics.epic_delete, name="epic_delete"),
    path("epics/<str:key>/restore/", epics.epic_restore, name="epic_restore"),
    path("programs/", lists.program_list, name="program_list"),
    path("programs/<str:code>/board/", feature_boards.program_board, name="program_board"),
    path("programs/<str:code>/board/cards/", feature_boards.feature_board_cards, name="feature_board_cards"),
    path("programs/<str:code>/board/move/", feature_boards.feature_board_move, name="feature_board_move"),
    path("programs/<str:code>/board/add/", feature_boards.feature_board_add, name="feature_board_add"),
    path("programs/<str:code>/features/", lists.feature_list, name="feature_list"),
    path("programs/<str:code>/features/csv/", lists.feature_export, name="feature_export"),
    path("programs/<str:code>/features/new/", feature_boards.feature_create, name="feature_create"),
    path("programs/<str:code>/bin/", lists.feature_bin, name="feature_bin"),
    path("features/new/", lists.feature_choose, name="feature_choose"),
    path("features/<str:key>/", features.feature_detail, name="feature_detail"),
    path("features/<str:key>/edit/", feature_boards.feature_edit, name="feature_edit"),
    path("features/<str:key>/edit/<slug:name>/", features.feature_edit_field, name="feature_edit_field"),
    path("features/<str:key>/move/", features.feature_move, name="feature_move"),
    path("features/<str:key>/order/", epic_features.feature_order, name="feature_order"),
    path("features/<str:key>/history/", features.feature_history, name="feature_history"),
    path("features/<str:key>/undo/<int:seq>/", features.feature_undo, name="feature_undo"),
    path("features/<str:key>/delete/", features.feature_delete, name="feature_delete"),
    path("features/<str:key>/restore/", features.feature_restore, name="feature_restore"),
]
