from __future__ import annotations

import django.core.validators
from django.db import migrations, models


def name_the_place(apps, schema_editor):
    """The guide's template: "… una nueva orden de compra {{2}} …"."""
    kinds = apps.get_model("messaging", "NoticeKind")
    kinds.objects.filter(template_name="po_notification").update(order_parameter="2")


class Migration(migrations.Migration):
    dependencies = [("messaging", "0042_mark_trials")]

    operations = [
        migrations.AddField(
            model_name="noticekind",
            name="order_parameter",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The placeholder of the text that holds it, without braces: 2 for {{2}}. Taken where the caller names no reference, so that the order is found and proved by its number.",
                max_length=60,
                validators=[
                    django.core.validators.RegexValidator(
                        "^([1-9]\\d?|[a-z][a-z0-9_]*)$",
                        "Write the placeholder without braces, such as 2 or order_number.",
                    )
                ],
                verbose_name="where the order number stands",
            ),
        ),
        # Back: the column goes with the step before.
        migrations.RunPython(name_the_place, migrations.RunPython.noop),
    ]
