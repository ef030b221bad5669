from __future__ import annotations

from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant, TenantOwnedQuerySet


class NoticeKindQuerySet(models.QuerySet["NoticeKind"]):
    def in_order(self) -> Self:
        return self.order_by("position", "id")


NoticeKindManager = models.Manager.from_queryset(NoticeKindQuerySet)


class NoticeKind(models.Model):
    """Something the platform offers to tell by WhatsApp, which each bakery turns on or off: the messages of one template.

    Messages of templates that stand in no row here are not the bakeries' to choose and always accepted.
    """

    template_name = models.CharField(_("template"), max_length=512, unique=True)
    title = models.CharField(
        _("title"),
        max_length=80,
        blank=True,
        help_text=_("What bakeries read. Ours have titles of their own in every language."),
    )
    is_on_by_default = models.BooleanField(
        _("on by default"),
        default=False,
        help_text=_(
            "For bakeries that have not chosen. Off refuses the messages of this template."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    order_parameter = models.CharField(
        _("where the order number stands"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        validators=[
            RegexValidator(
                r"^([1-9]\d?|[a-z][a-z0-9_]*)$",
                _("Write the placeholder without braces, such as 2 or order_number."),
            )
        ],
        help_text=_(
            "The placeholder of the text that holds it, without braces: 2 for {{2}}. Taken where the caller names no reference, so that the order is found and proved by its number."
        ),
    )

    objects = NoticeKindManager()

    class Meta:
        verbose_name = _("kind of notice")
        verbose_name_plural = _("kinds of notices")

    def __str__(self) -> str:
        return self.template_name


class NoticeChoiceQuerySet(TenantOwnedQuerySet["NoticeChoice"]):
    pass


NoticeChoiceManager = models.Manager.from_queryset(NoticeChoiceQuerySet)


class NoticeChoice(models.Model):
    """Whether a bakery wants one kind of notice. Without a row the kind's default holds."""

    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="notice_choices", verbose_name=_("bakery")
    )
    kind = models.ForeignKey(
        NoticeKind,
        on_delete=models.CASCADE,
        related_name="choices",
        verbose_name=_("kind of notice"),
    )
    is_on = models.BooleanField(_("on"))

    objects = NoticeChoiceManager()

    class Meta:
        verbose_name = _("chosen notice")
        verbose_name_plural = _("chosen notices")
        constraints = (
            # Also what acceptance joins by.
            models.UniqueConstraint(
                fields=("tenant", "kind"),
                name="notice_choice_once",
                violation_error_message=_("The bakery has chosen about this kind already."),
            ),
        )

    def __str__(self) -> str:
        return f"notice choice {self.pk} ({'on' if self.is_on else 'off'})"
