import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations

import messaging.models.searching


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("messaging", "0034_alert_sending_off")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                messaging.models.searching.NameWords("recipient_name"),
                messaging.models.searching.OrderDigits("reference"),
                name="message_words",
            ),
        ),
        RemoveIndexConcurrently(model_name="message", name="message_name_words"),
    ]
