"""Files into rows: whatever the form, one row at a time, and nothing lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from teams.importing import reading
from teams.importing.reading import rows


def write(folder: Path, text: str | bytes, name: str = "issues.json") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def ids(path: Path) -> list[object]:
    return [row.value["id"] if row.value else row.problem for row in rows(path)]


def test_elements_longer_than_what_is_read_at_once_are_whole(tmp_path: Path) -> None:
    elements = [{"id": number, "text": ('a"]}\\' + chr(0x1F600)) * 90_000} for number in range(3)]

    found = list(rows(write(tmp_path, json.dumps(elements, ensure_ascii=False))))

    assert [row.value for row in found] == elements


def test_a_malformed_element_does_not_take_the_next_ones_with_it(tmp_path: Path) -> None:
    path = write(tmp_path, '[{"id": 1}, {"id": 2, "a": tru}, {"id": [3, "]"}, 4]}, 5, {"id": 6}]')

    assert ids(path)[0] == 1
    assert ids(path)[-1] == 6
    assert [row.number for row in rows(path)] == list(range(1, len(ids(path)) + 1))


def test_pages_follow_each_other(tmp_path: Path) -> None:
    page = '{"expand": "names", "total": 4, "issues": [{"id": %d}, {"id": %d}], "isLast": false}'

    assert ids(write(tmp_path, page % (1, 2) + "\n" + page % (3, 4))) == [1, 2, 3, 4]


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    assert ids(write(tmp_path, b'\xef\xbb\xbf{"id": 1}\n{"id": 2}\n')) == [1, 2]
    assert ids(write(tmp_path, b'\xef\xbb\xbf[{"id": 1}]')) == [1]
    assert ids(write(tmp_path, b"\xef\xbb\xbfid\n1\n", "issues.csv")) == ["1"]


def test_a_row_beyond_the_limit_is_refused_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ROW_BYTES", 1024 * 1024)
    long = json.dumps({"id": 1, "text": "x" * 2_000_000})

    assert ids(write(tmp_path, f'{long}\n{{"id": 2}}\n')) == ["It is larger than 1 MiB.", 2]
    assert ids(write(tmp_path, f'[{long}, {{"id": 2}}]')) == ["It is larger than 1 MiB.", 2]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert ids(write(tmp_path, "")) == []
    assert ids(write(tmp_path, " \n\n")) == []
    assert ids(write(tmp_path, "[]")) == []


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00broken", b"PK\x03\x04", b"<html>"])
def test_what_is_no_export_is_said(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(reading.UnreadableFile):
        list(rows(write(tmp_path, content)))
