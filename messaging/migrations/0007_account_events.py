from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0006_price_book_and_usage"),
        ("tenants", "0005_account_standing"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="details",
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name="details"),
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="recorded"
                    ),
                ),
                (
                    "aspect",
                    models.CharField(
                        choices=[
                            ("status", "template status"),
                            ("quality", "template quality"),
                            ("category", "template category"),
                            ("content", "template text"),
                            ("name", "display name"),
                            ("capacity", "limits and throughput"),
                            ("security", "two-step PIN"),
                            ("standing", "ban or restriction"),
                            ("violation", "violation"),
                            ("review", "account review"),
                            ("alert", "alert of Meta's"),
                            ("partner", "partners"),
                            ("echo", "written on the phone"),
                            ("recovery", "statuses recovered"),
                            ("other", "other"),
                        ],
                        default="other",
                        max_length=16,
                        verbose_name="about",
                    ),
                ),
                ("field", models.CharField(max_length=64, verbose_name="webhook field")),
                ("event", models.CharField(max_length=64, verbose_name="event")),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="subject")),
                ("before", models.CharField(blank=True, max_length=200, verbose_name="before")),
                ("after", models.CharField(blank=True, max_length=200, verbose_name="after")),
                ("is_applied", models.BooleanField(default=False, verbose_name="applied")),
                ("details", models.JSONField(default=dict, verbose_name="details")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="tenants.whatsappbusinessaccount",
                        verbose_name="account",
                    ),
                ),
                (
                    "phone_number",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="tenants.phonenumber",
                        verbose_name="number",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="messaging.messagetemplate",
                        verbose_name="template",
                    ),
                ),
            ],
            options={
                "verbose_name": "event at Meta",
                "verbose_name_plural": "events at Meta",
                "indexes": [
                    models.Index(
                        condition=models.Q(("template__isnull", False)),
                        fields=["template", "aspect", "-at"],
                        name="account_event_of_template",
                    ),
                    models.Index(
                        condition=models.Q(("phone_number__isnull", False)),
                        fields=["phone_number", "aspect", "-at"],
                        name="account_event_of_number",
                    ),
                    models.Index(
                        condition=models.Q(("account__isnull", False)),
                        fields=["account", "aspect", "-at"],
                        name="account_event_of_account",
                    ),
                    models.Index(fields=["-at", "-id"], name="account_event_newest"),
                ],
            },
        ),
    ]
