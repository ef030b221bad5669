"""What is wrong with an id or a secret that was pasted, for the set-up and for the account's page alike."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from messaging.admin.wording import call_words
from messaging.graph_api.errors import GraphApiError
from messaging.services.setup.credentials import (
    AccountInUseError,
    AppRefusedError,
    PasteError,
    SimulatorsAccountError,
    WrongAccountError,
)

# Of what Meta itself has refused the guide's troubleshooting tells.
REFUSED_BY_META = "refused_by_meta"


def waba_problem(error: PasteError) -> ValidationError:
    return _problem(error, _waba_words(error))


def app_problem(error: PasteError) -> ValidationError:
    return _problem(error, _app_words(error))


def no_answer_problem(error: GraphApiError) -> ValidationError:
    """Meta did not do what was asked, or did not answer; nothing was changed."""
    then = _("Try it again in some minutes.")
    text = _("Meta did not do it: %(title)s%(code)s %(action)s")
    return ValidationError(text % call_words(error.code, then=then), code=REFUSED_BY_META)


def _problem(error: PasteError, text: str) -> ValidationError:
    is_metas = isinstance(error, WrongAccountError | AppRefusedError)
    return ValidationError(text, code=REFUSED_BY_META if is_metas else "invalid")


def _waba_words(error: PasteError) -> str:
    match error:
        case SimulatorsAccountError():
            return _(
                "This is the simulator's account. Begin the real one on the set-up page, as its first lines say."
            )
        case AccountInUseError():
            return _(
                "Numbers or templates of another account are here already, and Meta has none of these numbers under this id. Compare the id."
            )
        case WrongAccountError():
            text = _(
                "With the stored token Meta does not show this account (%(code)s). Compare the id; it is neither the number's nor the app's."
            )
            return text % {"code": error.code}
    return _("An id has digits only, 15 or so. Copy it once more.")


def _app_words(error: PasteError) -> str:
    if isinstance(error, AppRefusedError):
        text = _(
            "Meta does not accept the app id or the app secret (%(code)s). Compare both with App settings, Basic, at Meta."
        )
        return text % {"code": error.code}
    return _("This is no app id or no app secret: digits, and 32 letters and digits. Copy both.")
