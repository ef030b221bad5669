"""What the checks of the set-up find, where one sentence with its facts says it; finding_words.py has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SENTENCES: dict[str, StrPromise] = {
    # What has to be done before.
    "no_account": gettext_lazy("The WABA id comes first (step 2)."),
    "no_app": gettext_lazy("App id and app secret come first (step 4)."),
    "no_token": gettext_lazy("The access token comes first (step 4)."),
    "token_invalid": gettext_lazy("Meta does not accept the stored access token (step 4)."),
    "token_refused": gettext_lazy("Meta refuses the stored access token (step 4)."),
    "app_unknown": gettext_lazy("Meta does not accept app id and app secret (step 4)."),
    "account_unread": gettext_lazy("Meta does not show the account (step 2)."),
    "no_numbers": gettext_lazy("There are no numbers yet (step 3)."),
    # Whether something can be sent at this moment.
    "line_paused": gettext_lazy(
        "Somebody of the platform has paused sending. Resume it on the account's page."
    ),
    "no_number_in_use": gettext_lazy("No number sends for any bakery yet (steps 3 and 9)."),
    "numbers_stopped": gettext_lazy(
        "Every number that sends for a bakery is stopped. Its page says why."
    ),
    "number_stopped": gettext_lazy("The number it leaves from is stopped. Its page says why."),
    "no_sendable_template": gettext_lazy("Meta has approved no template yet (step 5)."),
    "bakeries_off": gettext_lazy("No bakery has WhatsApp switched on (step 9)."),
    "can_send": gettext_lazy("The line is open, numbers and templates are there, a worker runs."),
    "can_send_within_limit": gettext_lazy(
        "But Meta's limit of recipients is reached: who was not written to in the last 24 hours waits."
    ),
    # 1 and 2
    "business_verified": gettext_lazy("Meta calls the business verified."),
    "business_pending": gettext_lazy("Meta is looking at the documents."),
    "business_unverified": gettext_lazy(
        "Meta says: %(status)s. Start the verification in the Security Center."
    ),
    "business_untold": gettext_lazy(
        "Meta does not tell this token whether the business is verified. Look at the Security Center and confirm it here."
    ),
    "waba_missing": gettext_lazy("No account yet. Paste its id; WhatsApp Manager shows it."),
    "waba_unchecked": gettext_lazy(
        "The id %(waba_id)s is saved. It is tried as soon as the access token is there."
    ),
    "waba_unread": gettext_lazy(
        "With the stored token Meta does not show an account %(waba_id)s (%(error)s). Compare the id, and assign the account to the system user."
    ),
    "waba_in_review": gettext_lazy("Meta is reviewing the account %(name)s (%(waba_id)s)."),
    "waba_rejected": gettext_lazy(
        "Meta has rejected the account %(name)s (%(waba_id)s). Open Account quality in Meta Business Suite."
    ),
    "waba_blocked": gettext_lazy(
        "Meta lets the account %(name)s (%(waba_id)s) send nothing at the moment; below stands why."
    ),
    "waba_read": gettext_lazy("Meta shows the account %(name)s (%(waba_id)s)."),
    # 3
    "numbers_missing": gettext_lazy(
        "The account has no number. Add one in WhatsApp Manager, then check again."
    ),
    "numbers_unverified": gettext_lazy(
        "Not verified: %(numbers)s. Open the number here and let Meta send its code."
    ),
    "numbers_off": gettext_lazy(
        "Not connected at Meta: %(numbers)s. Open the number here and register it."
    ),
    "numbers_no_default": gettext_lazy(
        "No number is the default one, which sends for bakeries without their own. Choose it."
    ),
    # 4
    "app_missing": gettext_lazy("No app id or no app secret is stored. Paste both."),
    "app_refused": gettext_lazy(
        "Meta does not know the app %(app_id)s with the stored secret (%(error)s). Compare both."
    ),
    "system_user_known": gettext_lazy("The token is a system user's."),
    "system_user_untold": gettext_lazy("Meta does not say whose token it is."),
    "not_system_user": gettext_lazy(
        "The token is of the type %(type)s. Create a system user and generate its token."
    ),
    "token_missing": gettext_lazy("No access token is stored. Paste the system user's."),
    # 5
    "template_missing": gettext_lazy(
        "The account has no template po_notification. Submit our copy of the guide's text."
    ),
    "template_approved": gettext_lazy(
        "po_notification (%(language)s) is approved as %(category)s."
    ),
    "template_in_review": gettext_lazy("Meta is reviewing po_notification (%(language)s)."),
    "template_rejected": gettext_lazy(
        "Meta has rejected po_notification (%(language)s): %(reason)s. Correct it on its page."
    ),
    "template_stopped": gettext_lazy(
        "po_notification (%(language)s) cannot be sent: %(status)s. Its page says why."
    ),
    # 6
    "verify_token_missing": gettext_lazy(
        "No verify token is stored. Generate one, then enter it at Meta with the callback URL."
    ),
    "not_registered": gettext_lazy(
        "The address works, but the app at Meta has no webhook for WhatsApp. Enter callback URL and verify token there."
    ),
    "posts_elsewhere": gettext_lazy(
        "Meta posts to %(elsewhere)s instead. Enter our callback URL in the app, and remove the override."
    ),
    "webhook_verified": gettext_lazy(
        "Our address passes the guide's checks, and Meta posts to it."
    ),
    "not_subscribed": gettext_lazy(
        "The app %(app_id)s is not subscribed to the account, so Meta sends it nothing. Subscribe it here."
    ),
    "account_override": gettext_lazy(
        "The account overrides the app's address with %(elsewhere)s. Subscribing again removes that."
    ),
    "fields_missing": gettext_lazy(
        "The app is subscribed, but fields are missing: %(missing)s. Subscribe to them here or, where Meta does not allow that, in the app's webhook settings."
    ),
    # 7
    "environment_off": gettext_lazy(
        "ENABLE_WHATSAPP_NOTIFICATIONS is off, so nothing is sent. Set it to true and restart."
    ),
    "services_run": gettext_lazy("A worker and beat left word within 30 seconds."),
    "worker_away": gettext_lazy(
        "No worker or no beat has left word. Start both: docker compose up --detach."
    ),
    "redis_away": gettext_lazy("Redis does not answer. Start it, or correct REDIS_URL."),
    "version_unknown": gettext_lazy(
        "%(version)s is not in our table of versions. Set WHATSAPP_API_VERSION=%(current)s and restart."
    ),
    "version_expired": gettext_lazy(
        "%(version)s ended on %(until)s. Set WHATSAPP_API_VERSION=%(current)s and restart."
    ),
    "version_expiring": gettext_lazy(
        "%(version)s ends on %(until)s. Set WHATSAPP_API_VERSION=%(current)s and restart."
    ),
    "version_other": gettext_lazy(
        "We ask with %(version)s and Meta answers with %(served)s. Set WHATSAPP_API_VERSION=%(current)s and restart."
    ),
    # 8
    "test_unsent": gettext_lazy("No test was sent from here yet. Send one to your own phone."),
    "test_on_its_way": gettext_lazy(
        "On its way: %(status)s. This turns green when a signed status says that it is on the phone."
    ),
    "test_sent": gettext_lazy(
        "Its signed status arrived, so the webhook works: Meta has it, and it is not on the phone yet. This turns green when it is."
    ),
    "test_silent": gettext_lazy(
        "Meta took the test, but no status came back within %(minutes)s minutes. Check webhook and subscription (step 6)."
    ),
    "webhook_silent": gettext_lazy(
        "Messages go out and no status comes back. The alert says which cause is likely."
    ),
    "test_arrived": gettext_lazy(
        "It is on the phone: a signed webhook brought its status, %(status)s."
    ),
    # 9
    "bakeries_missing": gettext_lazy("There is no bakery yet. Add the first one."),
    "bakeries_without": gettext_lazy(
        "Without any number, for there is no default one: %(names)s. Assign numbers."
    ),
    # 10
    "quality_low": gettext_lazy(
        "Not GREEN: %(numbers)s. The number's page says what lowers the quality and what helps."
    ),
    "quality_unrated": gettext_lazy(
        "Meta has not rated any number yet; it does so after the first messages."
    ),
    "billing_there": gettext_lazy("The account has a payment method (%(currency)s)."),
    "billing_missing": gettext_lazy("The account has no payment method. Add one at Meta."),
    "billing_untold": gettext_lazy(
        "Meta does not tell this token whether there is a payment method. Look at Billing and confirm it here."
    ),
}
