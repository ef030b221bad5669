from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0043_order_number_in_the_text")]

    operations = [
        migrations.AddField(
            model_name="webhookdelivery",
            name="repeated_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="applied again"),
        ),
    ]
