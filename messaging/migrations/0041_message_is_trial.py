from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0040_set_up_at_which_meta")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="is_trial",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="a test"
            ),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="trials",
            field=models.PositiveIntegerField(
                db_default=0, default=0, verbose_name="of these tests"
            ),
        ),
    ]
