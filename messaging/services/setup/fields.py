"""The fields of Meta's webhooks: which we need, which are useful, and what the guide's names are called today.

Source: Webhooks overview and its field reference, 2026-11-22.
"""

from __future__ import annotations

# Without these something breaks silently: statuses, templates, prices, bans.
NEEDED = (
    "messages",
    "message_template_status_update",
    "template_category_update",
    "account_update",
)
USEFUL = (
    "message_template_quality_update",
    "message_template_components_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "business_capability_update",
    "account_alerts",
    "account_review_update",
    "user_preferences",
    "security",
)
ECHOES = "smb_message_echoes"
# The guide's step 6.3 and where its events are today; echoes exist only for numbers that are used in the phone app too.
GUIDE_NAMES = {"messages": "messages", "message_status": "messages", "message_echoes": ECHOES}
