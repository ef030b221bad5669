"""What the checks of the set-up found, as sentences: a code and its facts in, words of the reader's language out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.graph_api.client import TokenFacts
from messaging.models import SetupCheck, WaitsFor
from messaging.services.explaining import explain_code
from messaging.services.setup.sentences import SENTENCES
from messaging.services.token_verification import problems_of
from messaging.services.webhook_checks import WORDS as CAUSES
from messaging.services.webhook_checks import Cause
from messaging.statuses import MessageStatus
from tenants.models import StopReason, WhatsAppBusinessAccount

Facts = dict[str, Any]


def sentence_of(code: str, facts: Facts, account: WhatsAppBusinessAccount | None) -> str:
    """Say what was found. `account` is the stored one, for what a token means depends on it."""
    if code == "token_bad":
        return _token_problems(facts, account)
    if told := _TELLERS.get(code):
        return told(facts)
    sentence = SENTENCES.get(code)
    return str(sentence) % _said(facts) if sentence is not None else code


def finding_of(row: SetupCheck, account: WhatsAppBusinessAccount | None) -> str:
    """Say what the last check of the line found; what a person has confirmed is not asked for again."""
    if not row.code:
        return ""
    return sentence_of(row.code, row.facts | {"is_confirmed": row.is_confirmed}, account)


def trouble_words(trouble: str) -> str:
    """Say why nothing could be found out at the last try: what comes first, or that Meta did not answer."""
    if trouble in SENTENCES:
        return str(SENTENCES[trouble])
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
        return str(SENTENCES["token_invalid"])
    return " ".join(problems_of(token, account)) or _(
        "What was found belongs to another app or account than is stored now. Check it now."
    )


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


def _environment_wrong(facts: Facts) -> str:
    """The checks speak English, as in a terminal. Findings kept by an earlier release are names only."""
    says = " ".join(facts.get("says") or []) or f"{', '.join(facts['checks'])}."
    return _("The settings have findings. %(says)s") % {"says": says}


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
    return _have_own(int(facts["bakeries"]))


def _have_own(bakeries: int) -> str:
    text = ngettext(
        "%(count)s bakery has a number of its own.",
        "%(count)s bakeries have numbers of their own.",
        bakeries,
    )
    return text % {"count": bakeries}


def _share(facts: Facts) -> str:
    without = int(facts["without"])
    own = int(facts["bakeries"]) - without
    said = (_one_without if without == 1 else _several_without)(facts)
    return " ".join(filter(None, [_have_own(own) if own else "", said]))


def _one_without(facts: Facts) -> str:
    if facts.get("is_confirmed"):
        return _("%(names)s sends from the default number, as is meant.") % _said(facts)
    text = _(
        "%(names)s sends from the default number. Assign it one of its own, or confirm that it is meant so."
    )
    return text % _said(facts)


def _several_without(facts: Facts) -> str:
    if facts.get("is_confirmed"):
        text = _("%(without)s bakeries share the default number, such as %(names)s, as is meant.")
        return text % _said(facts)
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


def _line_stopped(facts: Facts) -> str:
    """What to do stands in the banner and in the line."""
    code = facts.get("error")
    known = explain_code(code, translation.get_language() or "en")
    why = known.title if code is None else f"{known.title} ({code})"
    return _("Sending has stopped. %(why)s") % {"why": why}


def _line_stopped_by_meta(facts: Facts) -> str:
    return f"{capfirst(StopReason(facts['reason']).label)}."


def _can_send_partly(facts: Facts) -> str:
    text = ngettext(
        "But %(stopped)s number that bakeries send from is stopped.",
        "But %(stopped)s numbers that bakeries send from are stopped.",
        int(facts["stopped"]),
    )
    return text % facts


def _test_held_up(facts: Facts) -> str:
    why = sentence_of(facts["why"], facts.get("why_facts", {}), None)
    return _("Not sent yet. %(why)s") % {"why": why}


def _waits_for(facts: Facts) -> str:
    return _("It waits for: %(reason)s.") % {"reason": WaitsFor(facts["reason"]).label}


def _refused(facts: Facts) -> str:
    code = facts.get("error")
    return _explained(int(code)) if code is not None else _("Meta refused the question.")


def _explained(code: int) -> str:
    known = explain_code(code, translation.get_language() or "en")
    return f"{known.title} ({code}) {known.action}"


_TELLERS: dict[str, Callable[[Facts], str]] = {
    "line_stopped": _line_stopped,
    "line_stopped_by_meta": _line_stopped_by_meta,
    "can_send_partly": _can_send_partly,
    "test_held_up": _test_held_up,
    "waits_for": _waits_for,
    "token_good": _token_good,
    "token_stopped": _token_stopped,
    "token_refused_now": _refused,
    "numbers_verified": _numbers_verified,
    "numbers_few": _numbers_few,
    "app_known": _app_known,
    "subscribed": _subscribed,
    "address_bad": _address_bad,
    "environment_right": _environment_right,
    "environment_wrong": _environment_wrong,
    "version_current": _version_current,
    "test_failed": _test_failed,
    "bakeries_assigned": _assigned,
    "bakeries_share": _share,
    "quality_green": _quality_green,
    "refused": _refused,
}
FINDINGS = frozenset(SENTENCES) | frozenset(_TELLERS) | {"token_bad"}
