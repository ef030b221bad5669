from __future__ import annotations

from django.db import migrations

# Orders are what bakeries come for; the rest costs money, so each bakery decides.
KINDS = (("po_notification", True), ("low_stock_alert", False), ("production_alert", False))


def offer(apps, schema_editor):
    kinds = apps.get_model("messaging", "NoticeKind")
    for position, (name, is_on) in enumerate(KINDS, start=1):
        kinds.objects.get_or_create(
            template_name=name, defaults={"is_on_by_default": is_on, "position": position}
        )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0020_notice_kinds")]

    # Back: the table goes with the step before.
    operations = [migrations.RunPython(offer, migrations.RunPython.noop)]
