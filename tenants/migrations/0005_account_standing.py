from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_assignment_rounds"),
    ]

    operations = [
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="ban_state",
            field=models.CharField(
                blank=True, db_default="", max_length=32, verbose_name="ban at Meta"
            ),
        ),
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="max_phone_numbers",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="numbers Meta allows"
            ),
        ),
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="messaging_limit",
            field=models.CharField(
                blank=True, db_default="", max_length=32, verbose_name="messaging limit"
            ),
        ),
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="restrictions",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="restrictions"
            ),
        ),
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="review_status",
            field=models.CharField(
                blank=True, db_default="", max_length=32, verbose_name="review at Meta"
            ),
        ),
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="sending_stopped_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("restricted", "Meta has restricted the account"),
                    ("disabled", "Meta has disabled the account"),
                    ("deleted", "the account was deleted at Meta"),
                ],
                db_default="",
                max_length=16,
                verbose_name="why sending stopped",
            ),
        ),
        migrations.AddField(
            model_name="whatsappbusinessaccount",
            name="sending_stopped_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sending stopped until"),
        ),
    ]
