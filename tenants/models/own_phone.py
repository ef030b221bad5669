from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class OwnPhone(models.Model):
    """The WhatsApp number of a person who logs in, for test messages to themselves and nothing else.

    It counts once `verified_at` is set: the person has typed what was written to it. `code_message` is the message that
    carried the code; the code itself is kept as a digest only.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="own_phone",
        verbose_name=_("person"),
    )
    phone = models.CharField(_("number"), max_length=16)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    code_digest = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(_("code sent"), null=True, blank=True)
    code_message = models.UUIDField(null=True, blank=True, editable=False)
    wrong_codes = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    # Codes and tests of one day together.
    sent_on = models.DateField(_("last sent on"), null=True, blank=True)
    sent_count = models.PositiveSmallIntegerField(_("sent that day"), default=0)

    class Meta:
        verbose_name = _("person's own number")
        verbose_name_plural = _("people's own numbers")

    def __str__(self) -> str:
        return f"own phone of user {self.user_id}"

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None
