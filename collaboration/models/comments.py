"""Comments: what people say about a thing, where it can be found again."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class Comment(models.Model):
    """Something somebody said about a thing of whatever kind (``lib.subjects``), or answered to such a comment.

    Who may see the thing may read it. People are named in ``text`` by their ids, ``@[12]``, so that a new name is
    shown everywhere at once; :class:`Mention` keeps who was told. A deleted comment leaves its place to the answers
    below it. ``version`` counts its edits from 1.
    """

    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="replies", verbose_name=_("answer to")
    )
    author = models.ForeignKey(
        "organization.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("author")
    )
    text = models.TextField(_("text"))
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey("organization.Person", models.PROTECT, null=True, related_name="+", editable=False)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        indexes = (
            # The first level of a thing's talk in order; answers are found by their parent.
            models.Index(fields=["subject_kind", "subject_id", "id"], name="comment_talk", condition=Q(parent=None)),
            models.Index(fields=["subject_kind", "subject_id"], name="comment_present", condition=Q(deleted_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}: {self.text[:40]}"


class Mention(models.Model):
    """Somebody was named in a comment, and told of it once."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="mentions")
    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        constraints = (models.UniqueConstraint(fields=["comment", "person"], name="mention_once"),)

    def __str__(self) -> str:
        return f"{self.person} in {self.comment_id}"


class ReactionKind(models.TextChoices):
    """What can be said without a word: few, so that a count means something."""

    AGREE = "AGREE", _("I agree")
    THANKS = "THANKS", _("Thank you")
    SMILE = "SMILE", _("This makes me smile")
    SEEN = "SEEN", _("I am looking into it")
    DONE = "DONE", _("Done")
    UNCLEAR = "UNCLEAR", _("I do not understand")


class Reaction(models.Model):
    """One person's reaction to a comment, one of each kind at most."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="reactions")
    person = models.ForeignKey("organization.Person", models.CASCADE, related_name="+")
    kind = models.CharField(_("reaction"), max_length=8, choices=ReactionKind)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = (models.UniqueConstraint(fields=["comment", "person", "kind"], name="reaction_once"),)

    def __str__(self) -> str:
        return f"{self.person} {self.kind}"
