from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Leave room in each page, so that a status change stays on it and rewrites no index (a HOT update)."""

    dependencies = [("messaging", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE messaging_message SET (fillfactor = 85)",
            "ALTER TABLE messaging_message RESET (fillfactor)",
        ),
    ]
