"""What is searched: one table of all texts, kept by triggers."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Upper

from collaboration.models.attachments import Attachment
from collaboration.models.comments import Comment
from collaboration.models.search_triggers import Words, searched
from organization.models import Person, Unit

NAMES = "ts_filter(%(expressions)s, '{a}')"
"""The words of keys and titles alone. Asked of the whole column, each text with the word would have to be opened."""


class SearchRow(models.Model):
    """What one thing, comment or file says, and of whom it is: derived, and written by triggers alone.

    ``kind`` and ``row_id`` name the text, ``about_kind`` and ``about_id`` the thing it is about; for a thing's own
    words they are the same. Who may see that thing finds the text. No amount and no address is ever in here.
    """

    kind = models.CharField(max_length=20)
    row_id = models.BigIntegerField()
    about_kind = models.CharField(max_length=20)
    about_id = models.BigIntegerField()
    unit_id = models.BigIntegerField(null=True)
    is_gone = models.BooleanField(default=False)
    key = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    labels = models.TextField()
    body = models.TextField()
    changed_at = models.DateTimeField()
    vector = models.GeneratedField(
        expression=Func(F("key"), F("title"), F("labels"), F("body"), function="public.search_vector"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "row_id"], name="search_once"),)
        indexes = (
            models.Index(fields=["about_kind", "about_id"], name="search_about"),
            models.Index(fields=["kind", "unit_id", "-changed_at"], name="search_of_unit", condition=Q(is_gone=False)),
            models.Index(fields=["-changed_at", "-id"], name="search_newest", condition=Q(is_gone=False)),
            models.Index(fields=["key"], name="search_key", condition=~Q(key="")),
            models.Index(Upper("title"), name="search_title", condition=Q(is_gone=False)),
            GinIndex(fields=["vector"], name="search_words", condition=Q(is_gone=False)),
            GinIndex(Func(F("vector"), template=NAMES), name="search_names", condition=Q(is_gone=False)),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="search_similar", condition=Q(is_gone=False)),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"


@searched(Words("unit", key="code", title="name", body=("description",), unit="id"))
class SearchedUnit(Unit):
    """Units say their code, name and description; declared here because the search belongs to a higher app."""

    class Meta:
        proxy = True


@searched(Words("person", title="name"))
class SearchedPerson(Person):
    """People are found by name; their address belongs to those who may see it, and is looked up apart."""

    class Meta:
        proxy = True


_FILE = Words(
    "file",
    title="name",
    gone="deleted_at",
    about=("subject_kind", "subject_id"),
    unless="EXISTS (SELECT 1 FROM collaboration_comment c WHERE c.id = r.comment_id AND c.deleted_at IS NOT NULL)",
)


@searched(
    Words(
        "comment",
        body=("text",),
        gone="deleted_at",
        about=("subject_kind", "subject_id"),
        parts=(_FILE, "collaboration_attachment", "comment_id"),
    )
)
class SearchedComment(Comment):
    """What people say about a thing is found by who sees that thing."""

    class Meta:
        proxy = True


@searched(_FILE)
class SearchedFile(Attachment):
    """Files are found by their names; those of a comment go with it."""

    class Meta:
        proxy = True
