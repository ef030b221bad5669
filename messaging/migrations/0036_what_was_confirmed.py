from __future__ import annotations

from django.db import migrations, models
from django.db.models import F


def keep_what_is_confirmed(apps, schema_editor):
    """The word that was given counts for what is found now; how much there was is not known, so that is asked again."""
    confirmed = apps.get_model("messaging", "SetupCheck").objects.filter(confirmed_at__isnull=False)
    confirmed.update(confirmed_code=F("code"))


class Migration(migrations.Migration):
    dependencies = [("messaging", "0035_message_order_digits")]

    operations = [
        migrations.AddField(
            model_name="setupcheck",
            name="confirmed_code",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=32,
                verbose_name="finding that was confirmed",
            ),
        ),
        migrations.AddField(
            model_name="setupcheck",
            name="confirmed_extent",
            field=models.PositiveIntegerField(
                db_default=0, default=0, verbose_name="how much was confirmed"
            ),
        ),
        # The columns go with the way back, so there is nothing to undo.
        migrations.RunPython(keep_what_is_confirmed, migrations.RunPython.noop),
    ]
