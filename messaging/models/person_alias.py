from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import PhoneNumber


class PersonAlias(models.Model):
    """Another name under which WhatsApp speaks of a person one of our numbers writes to: a user id, or another spelling.

    Kept for each sending number, because a user id is the same for all bakeries of the portfolio (Cloud API,
    Business-scoped user ids, read 2026-11-22) and says nothing of whose supplier somebody is. For staff only.
    """

    phone_number = models.ForeignKey(
        PhoneNumber, on_delete=models.CASCADE, related_name="aliases", verbose_name=_("told to")
    )
    alias = models.CharField(_("also known as"), max_length=128)
    phone = models.CharField(_("person's number"), max_length=16)
    learned_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("other name of a person")
        verbose_name_plural = _("other names of people")
        constraints = (
            models.UniqueConstraint(
                fields=("phone_number", "alias", "phone"), name="person_alias_once"
            ),
        )

    def __str__(self) -> str:
        return f"alias {self.pk}"
