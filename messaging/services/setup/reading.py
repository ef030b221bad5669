"""What one run of the checks reads from Meta: each thing once, and nothing more once Meta is out of reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from messaging.graph_api.catalogue import WRONG_PROOF
from messaging.graph_api.client import AppSubscription, GraphApi, TokenFacts
from messaging.graph_api.errors import CredentialError, GraphApiError
from messaging.models import MessageTemplate
from messaging.services.accounts import NoAccountError, current_account
from messaging.services.graph import graph_api_for
from messaging.services.numbers import sync_phone_numbers
from messaging.services.setup.outcomes import TOKEN_REFUSED, NotReadyError
from messaging.services.templates import sync_templates
from messaging.services.token_verification import PASSING, NoAppError, app_of
from messaging.services.tokens import check_token
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

T = TypeVar("T")

WHATSAPP = "whatsapp_business_account"


class Reading:
    """Every method raises NotReadyError for what has to be done or mended before, and GraphApiError.

    What Meta refuses for a cause that has a line of its own is that line's finding and NotReadyError for all others: the
    token's, the app's, the account's. `token_refusal` is the code of a call refused for the access token.
    """

    def __init__(self) -> None:
        self.token_refusal: int | None = None
        self._known: dict[str, Any] = {}
        self._unreachable: GraphApiError | None = None

    @property
    def account(self) -> WhatsAppBusinessAccount:
        """The account as it is stored; its token may be missing."""
        try:
            return self._once("stored", current_account)
        except NoAccountError:
            raise NotReadyError("no_account") from None

    @property
    def connected(self) -> WhatsAppBusinessAccount:
        """The account with a token to ask with."""
        if not self.account.access_token:
            raise NotReadyError("no_token")
        return self.account

    @property
    def app(self) -> tuple[str, str]:
        """App id and secret."""
        try:
            return app_of(self.account)
        except NoAppError:
            raise NotReadyError("no_app") from None

    def api(self) -> GraphApi:
        """The client; once Meta is out of reach it is not lent any more."""
        if self._unreachable is not None:
            raise self._unreachable
        return self._once("api", lambda: graph_api_for(self.connected))

    def account_facts(self) -> dict[str, Any]:
        """Meta's own words about the account, for the lines that are not about the account itself."""
        try:
            return self.told_account()
        except GraphApiError as error:
            if error.error_class in PASSING:
                raise
            raise NotReadyError("account_unread") from None

    def told_account(self) -> dict[str, Any]:
        """The same, for the account's own line, which tells what Meta refuses."""
        waba_id = self.connected.waba_id
        return self._with_token("account", lambda: self.api().account(waba_id))

    def served_version(self) -> str | None:
        """Return the version that Meta says it answered with."""
        self.account_facts()
        return self.api().served_version

    def token(self) -> TokenFacts:
        """What debug_token says of the stored token; keeping it is a part of asking."""
        _account, _app = self.connected, self.app
        return self._with_app("token", check_token)

    def app_token(self) -> TokenFacts:
        """What debug_token says of the app's own token, which is made of nothing but id and secret; for the app's line."""
        app_id, secret = self.app
        own, api = f"{app_id}|{secret}", graph_api_for(self.account)
        return self._once(
            "app token", lambda: api.debug_token(own, app_id=app_id, app_secret=secret)
        )

    def numbers(self) -> list[PhoneNumber]:
        """The account's numbers, as Meta lists them now."""
        account = self.connected
        self._of_account("numbers", sync_phone_numbers)
        return list(account.phone_numbers.filter(gone_at__isnull=True).by_number())

    def templates(self, name: str) -> list[MessageTemplate]:
        """The account's templates of this name, as Meta lists them now."""
        account = self.connected
        self._of_account("templates", sync_templates)
        found = MessageTemplate.objects.there().filter(account=account, name=name)
        return list(found.by_name())

    def app_subscription(self) -> AppSubscription | None:
        """What the app gets of WhatsApp and where; None when it is subscribed to nothing."""
        app_id, secret = self.app
        rows = self._with_app(
            "app subscriptions",
            lambda: self.api().app_subscriptions(app_id=app_id, app_secret=secret),
        )
        return next((row for row in rows if row.object == WHATSAPP), None)

    def refuse_token(self, code: int | None) -> NotReadyError:
        """Note that Meta refuses the access token, and return what the line that met it raises.

        A wrong app secret is refused in the same way and has a line of its own.
        """
        if code == WRONG_PROOF:
            return NotReadyError("app_unknown")
        self.token_refusal = code
        return NotReadyError(TOKEN_REFUSED)

    def _with_token(self, what: str, read: Callable[[], T]) -> T:
        try:
            return self._once(what, read)
        except CredentialError as error:
            raise self.refuse_token(error.code) from None

    def _with_app(self, what: str, read: Callable[[], T]) -> T:
        """Read what is asked with the app's own token."""
        try:
            return self._once(what, read)
        except GraphApiError as error:
            if error.error_class in PASSING:
                raise
            raise NotReadyError("app_unknown") from None

    def _of_account(self, what: str, read: Callable[[], T]) -> T:
        """Read what hangs on the account: where Meta does not show the account either, that is the cause."""
        try:
            return self._with_token(what, read)
        except GraphApiError as error:
            if error.error_class not in PASSING:
                self.account_facts()
            raise

    def _once(self, what: str, read: Callable[[], T]) -> T:
        if what not in self._known:
            if self._unreachable is not None:
                raise self._unreachable
            try:
                self._known[what] = read()
            except GraphApiError as error:
                self._known[what] = error
                if error.error_class in PASSING:
                    self._unreachable = error
        found = self._known[what]
        if isinstance(found, GraphApiError):
            raise found
        return found  # type: ignore[no-any-return]  # what `read` returned
