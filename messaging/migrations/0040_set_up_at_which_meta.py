from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0039_erasures_followed")]

    operations = [
        migrations.AddField(
            model_name="setupcheck",
            name="was_simulated",
            field=models.BooleanField(blank=True, null=True, verbose_name="found at the simulator"),
        ),
    ]
