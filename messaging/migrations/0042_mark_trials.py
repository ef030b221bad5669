from __future__ import annotations

from django.db import migrations
from django.db.models import Q


def mark_trials(apps, schema_editor):
    """Until now tests were told by their order number and by who asked, a person and no key; few, found by an index."""
    asked_by_a_person = Q(requested_by__startswith="bakery:") | Q(requested_by__startswith="admin:")
    messages = apps.get_model("messaging", "Message").objects.filter(reference="TEST")
    messages.filter(asked_by_a_person).update(is_trial=True)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0041_message_is_trial")]

    # The column goes with the way back, so there is nothing to undo.
    operations = [migrations.RunPython(mark_trials, migrations.RunPython.noop)]
