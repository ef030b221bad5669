"""What the views of the API share: whose key it is, and how a body and an id are read."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any, ClassVar, cast

from csp.decorators import csp_exempt
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import override
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from bakery_whatsapp.api import RefusalError
from tenants.authentication import allowed_tenants
from tenants.models import ApiKey, Scope, Tenant


# A policy speaks to documents, and these answers are JSON; building it costs as much as checking the body.
@method_decorator(csp_exempt(), name="dispatch")
class ApiView(APIView):
    """A view of the API: needs a key with `required_scope` and answers in English."""

    required_scope: ClassVar[Scope]
    # Whether the view finds out by itself that the key changed: see tenants/known_keys.py.
    checks_key_itself: ClassVar[bool] = False
    http_method_names = ["get", "head", "post", "put", "delete"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with override("en"):
            response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Language"] = "en"
        response.headers["Cache-Control"] = "no-store"
        return response

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """REST framework's, but what nearly every caller accepts is not worked out anew each time."""
        accepted = request.headers.get("accept", "*/*")
        if accepted in {"*/*", JSONRenderer.media_type} and not request.META.get("QUERY_STRING"):
            return JSONRenderer(), JSONRenderer.media_type
        return super().perform_content_negotiation(request, force)

    @property
    def api_key(self) -> ApiKey:
        return cast(ApiKey, self.request.auth)

    @property
    def acting(self) -> str:
        """Who acts, as history rows name it."""
        return f"{self.api_key.label} ({self.api_key.prefix}…)"

    def tenant(self, text: str) -> Tenant:
        """Return the bakery of an address. Raises RefusalError."""
        tenant = allowed_tenants(self.api_key).filter(pk=id_from(text, "tenant_id")).first()
        if tenant is None:
            raise unknown_tenant()
        return tenant


def read_body(request: Request, serializer_class: type[serializers.Serializer[Any]]) -> Any:
    """Return the validated body; an empty one is no JSON object either."""
    if request.headers.get("transfer-encoding"):
        # The server marks no end of such a body, else `with_length` of bakery_whatsapp had read it.
        raise RefusalError("length_required", "Send the body whole, with a Content-Length.")
    if not int(request.headers.get("content-length") or 0):
        raise RefusalError("malformed_request", "The body is empty. Send one JSON object.")
    return _shared(serializer_class).run_validation(request.data)


def shown(serializer_class: type[serializers.Serializer[Any]], values: object) -> dict[str, Any]:
    """Return the answer in the shape of `serializer_class`."""
    answer: dict[str, Any] = _shared(serializer_class).to_representation(values)
    return answer


@cache
def _shared(serializer_class: type[Any]) -> Any:
    """One serializer a class: it keeps nothing between two bodies, and making one copies each of its fields."""
    return serializer_class()


def validated(serializer: serializers.BaseSerializer[Any]) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def id_from(text: str, name: str) -> uuid.UUID:
    """Return the UUID in an address. Raises RefusalError."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise RefusalError(
            "validation_error", "The address contains no valid id.", {name: "Must be a valid UUID."}
        ) from None


def unknown_tenant() -> RefusalError:
    return RefusalError("unknown_tenant", "There is no such bakery.", {"tenant_id": "Unknown."})
