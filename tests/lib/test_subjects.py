"""Whatever is kept about a thing is reached through the thing's own policy."""

from __future__ import annotations

import pytest
from django.http import Http404

from pmo_portal.lib.subjects import all_subjects, load_subject, seen_subjects, subject_named, subject_of, things_of
from teams.models import WorkItem
from tests.access.subjects import Place
from tests.personas import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(world: World) -> Place:
    return Place(portfolio=world.north, program=world.coast, team=world.harbour)


@pytest.fixture
def theirs(world: World) -> Place:
    return Place(portfolio=world.south, program=world.valley, team=world.meadow)


def test_every_kind_has_a_title_and_a_page_in_one_statement(mine: Place, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    for subject in all_subjects():
        pk = (mine.unit if subject.code == "unit" else mine.the(subject.model)).pk
        row = subject.model._default_manager.select_related(*subject.select).get(pk=pk)
        with django_assert_num_queries(0):
            assert subject.title(row)
            assert subject.url(row).startswith("/")
            assert subject.unit_id(row) is not None
        assert subject_of(subject.model) is subject_named(subject.code)


def test_a_thing_of_another_team_does_not_exist(world: World, mine: Place, theirs: Place) -> None:
    actor = world.persona("developer").actor
    item, foreign = mine.the(WorkItem), theirs.the(WorkItem)
    assert load_subject(actor, "item", item.pk)[1] == item
    for kind, pk in (("item", foreign.pk), ("item", "x"), ("nothing", item.pk)):
        with pytest.raises(Http404):
            load_subject(actor, kind, pk)
    assert set(things_of(actor, [("item", item.pk), ("item", foreign.pk), ("nothing", 1)])) == {("item", item.pk)}


def test_rows_about_things_are_filtered_in_the_statement_that_reads_them(
    world: World, mine: Place, theirs: Place
) -> None:
    actor = world.persona("developer").actor
    item, foreign = mine.the(WorkItem), theirs.the(WorkItem)
    # A table with two columns that name a subject, as those of comments and files have: the items themselves.
    seen = seen_subjects(actor, kind="type", pk="id")
    assert not WorkItem.objects.filter(seen).exists()  # no subject is called as a type of item
    WorkItem.objects.filter(pk__in=[item.pk, foreign.pk]).update(type="item")
    assert list(WorkItem.objects.filter(seen)) == [item]
