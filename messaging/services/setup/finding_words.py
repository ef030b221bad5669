"""What the checks of the set-up found, as sentences: a code and its facts in, words of the reader's language out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.graph_api.client import TokenFacts
from messaging.services.explaining import explain_code
from messaging.services.token_verification import problems_of
from messaging.services.webhook_checks import WORDS as CAUSES
from messaging.services.webhook_checks import Cause
from messaging.statuses import MessageStatus
from tenants.models import WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Facts = dict[str, Any]

_SENTENCES: dict[str, StrPromise] = {
    # What has to be done before.
    "no_account": gettext_lazy("The WABA id comes first (step 2)."),
    "no_app": gettext_lazy("App id and app secret come first (step 4)."),
    "no_token": gettext_lazy("The access token comes first (step 4)."),
    "token_invalid": gettext_lazy("Meta does not accept the stored access token (step 4)."),
    "token_refused": gettext_lazy("Meta refuses the stored access token (step 4)."),
    "app_unknown": gettext_lazy("Meta does not accept app id and app secret (step 4)."),
    "account_unread": gettext_lazy("Meta does not show the account (step 2)."),
    "no_numbers": gettext_lazy("There are no numbers yet (step 3)."),
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
        "The app is subscribed, but fields are missing: %(missing)s. Subscribe to them in the app's webhook settings."
    ),
    # 7
    "environment_wrong": gettext_lazy(
        "The settings have findings: %(checks)s. manage.py check --database default tells each."
    ),
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
        "On its way: %(status)s. This turns green when Meta's signed status arrives."
    ),
    "test_silent": gettext_lazy(
        "Meta took the test, but no status came back within %(minutes)s minutes. Check webhook and subscription (step 6)."
    ),
    "webhook_silent": gettext_lazy(
        "Messages go out and no status comes back. The alert says which cause is likely."
    ),
    "test_arrived": gettext_lazy("A signed webhook brought its status: %(status)s."),
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


def sentence_of(code: str, facts: Facts, account: WhatsAppBusinessAccount | None) -> str:
    """Say what was found. `account` is the stored one, for what a token means depends on it."""
    if code == "token_bad":
        return _token_problems(facts, account)
    if told := _TELLERS.get(code):
        return told(facts)
    sentence = _SENTENCES.get(code)
    return str(sentence) % _said(facts) if sentence is not None else code


def trouble_words(trouble: str) -> str:
    """Say why nothing could be found out at the last try: what comes first, or that Meta did not answer."""
    if trouble in _SENTENCES:
        return str(_SENTENCES[trouble])
    return _("Meta did not answer (%(trouble)s).") % {"trouble": trouble}


def token_facts(facts: Facts) -> TokenFacts | None:
    return TokenFacts.from_meta(facts.get("token"))


def _said(facts: Facts) -> Facts:
    said = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    if said.get("until"):
        said["until"] = date_format(date.fromisoformat(said["until"]))
    if said.get("status") in MessageStatus.values:
        said["status"] = MessageStatus(said["status"]).label
    return {name: "–" if value in (None, "") else value for name, value in said.items()}


def _token_problems(facts: Facts, account: WhatsAppBusinessAccount | None) -> str:
    token = token_facts(facts)
    if token is None or account is None:
        return str(_SENTENCES["token_invalid"])
    return " ".join(problems_of(token, account)) or _("Check it again.")


def _token_good(facts: Facts) -> str:
    token = token_facts(facts)
    if token is None or token.expires_at is None:
        return _("Meta accepts it; it never expires.")
    end = date_format(token.expires_at, "SHORT_DATE_FORMAT")
    return _("Meta accepts it until %(end)s.") % {"end": end}


def _numbers_verified(facts: Facts) -> str:
    ready = int(facts["ready"])
    text = ngettext(
        "%(ready)s number added, verified and connected.",
        "%(ready)s numbers added, verified and connected.",
        ready,
    )
    return " ".join(filter(None, [text % {"ready": ready}, _spare(facts), _cap(facts)]))


def _numbers_few(facts: Facts) -> str:
    text = _(
        "%(ready)s verified numbers for %(bakeries)s bakeries. Add numbers, or confirm that bakeries are meant to share."
    )
    return f"{text % facts} {_cap(facts)}".strip()


def _spare(facts: Facts) -> str:
    if not facts.get("spare"):
        return ""
    return _("Not ready yet and not needed: %(numbers)s.") % {"numbers": ", ".join(facts["spare"])}


def _cap(facts: Facts) -> str:
    if facts.get("cap") is None:
        return ""
    return _("Meta allows %(cap)s.") % {"cap": facts["cap"]}


def _app_known(facts: Facts) -> str:
    text = _("Meta knows the app %(app_id)s with the stored secret.") % facts
    refused = int(facts.get("refused") or 0)
    if not refused:
        return text
    more = ngettext(
        "In 24 hours %(count)s webhook was refused for its signature; see Webhooks.",
        "In 24 hours %(count)s webhooks were refused for their signature; see Webhooks.",
        refused,
    )
    return f"{text} {more % {'count': refused}}"


def _subscribed(facts: Facts) -> str:
    text = _("The app %(app_id)s is subscribed and gets %(count)s fields.")
    said = text % {"app_id": facts["app_id"], "count": len(facts["fields"])}
    if not facts.get("missing"):
        return said
    more = _("Useful and missing: %(missing)s.") % {"missing": ", ".join(facts["missing"])}
    return f"{said} {more}"


def _address_bad(facts: Facts) -> str:
    what, to_do = CAUSES[Cause(facts["cause"])]
    what_filled = str(what) % {"fact": facts.get("fact", "")}
    return f"{what_filled} {to_do}"


def _environment_right(facts: Facts) -> str:
    text = _("All that has to be set is set.")
    if not facts.get("differing"):
        return text
    more = _("Other than in the database, which counts: %(names)s.")
    return f"{text} {more % {'names': ', '.join(facts['differing'])}}"


def _version_current(facts: Facts) -> str:
    if facts.get("until"):
        return _("%(version)s can be used until %(until)s.") % _said(facts)
    return _("%(version)s is current; its end is not announced.") % facts


def _test_failed(facts: Facts) -> str:
    text = _("The test did not arrive: %(status)s.") % _said(facts)
    if facts.get("error") is None:
        return text
    return f"{text} {_explained(int(facts['error']))}"


def _assigned(facts: Facts) -> str:
    text = ngettext(
        "%(bakeries)s bakery has its number.",
        "%(bakeries)s bakeries have their numbers.",
        int(facts["bakeries"]),
    )
    said = text % {"bakeries": facts["bakeries"]}
    if not facts.get("names"):
        return said
    more = _("%(name)s sends from the default one.") % {"name": facts["names"][0]}
    return f"{said} {more}"


def _share(facts: Facts) -> str:
    text = _(
        "%(without)s bakeries share the default number, such as %(names)s. Assign numbers, or confirm that it is meant so."
    )
    return text % _said(facts)


def _quality_green(facts: Facts) -> str:
    green, unrated = int(facts["green"]), int(facts["unrated"])
    text = ngettext("%(count)s number is GREEN.", "%(count)s numbers are GREEN.", green)
    said = text % {"count": green}
    if not unrated:
        return said
    more = ngettext("%(count)s is not rated yet.", "%(count)s are not rated yet.", unrated)
    return f"{said} {more % {'count': unrated}}"


def _token_stopped(facts: Facts) -> str:
    text = _("Sending has stopped because Meta refuses this token. %(why)s")
    return text % {"why": _refused(facts)}


def _refused(facts: Facts) -> str:
    code = facts.get("error")
    return _explained(int(code)) if code is not None else _("Meta refused the question.")


def _explained(code: int) -> str:
    known = explain_code(code, translation.get_language() or "en")
    return f"{known.title} ({code}) {known.action}"


_TELLERS: dict[str, Callable[[Facts], str]] = {
    "token_good": _token_good,
    "token_stopped": _token_stopped,
    "token_refused_now": _refused,
    "numbers_verified": _numbers_verified,
    "numbers_few": _numbers_few,
    "app_known": _app_known,
    "subscribed": _subscribed,
    "address_bad": _address_bad,
    "environment_right": _environment_right,
    "version_current": _version_current,
    "test_failed": _test_failed,
    "bakeries_assigned": _assigned,
    "bakeries_share": _share,
    "quality_green": _quality_green,
    "refused": _refused,
}
FINDINGS = frozenset(_SENTENCES) | frozenset(_TELLERS) | {"token_bad"}
