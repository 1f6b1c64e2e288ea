"""Exports open in spreadsheets without running anything."""

from __future__ import annotations

import pytest

from pmo_portal.lib.csv_export import csv_response, safe_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 40 1", "'+49 40 1"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1+1", "' =1+1"),
        ("\t=1", "'\t=1"),
        ("-12.5", "-12.5"),
        (-3, "-3"),
        ("plain", "plain"),
        (None, ""),
    ],
)
def test_safe_cell(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_csv_response_is_a_download_that_spreadsheets_read_as_utf8() -> None:
    response = csv_response(name="people", head=["Name"], rows=[["Zoë, Example"]])
    assert b"".join(response) == b'\xef\xbb\xbfName\r\n"Zo\xc3\xab, Example"\r\n'
    assert response["Content-Disposition"] == 'attachment; filename="people.csv"'
