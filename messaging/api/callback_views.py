"""Callbacks: where a caller's own system wants to be told what happens, and the log of what it was told.

One scope for all of it: the log holds what people wrote, and addresses may hold secrets, so reading messages is not enough.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from bakery_whatsapp.api import RefusalError
from messaging.api import callback_docs as docs
from messaging.api.base import ApiView, id_from, read_body, unknown_tenant, validated
from messaging.api.callback_serializers import (
    CallbackChangeIn,
    CallbackIn,
    CallbackOut,
    CallbackWithSecretOut,
    DeliveryFilters,
    DeliveryOut,
)
from messaging.models import Callback, CallbackDelivery
from messaging.models.callback import CallbackQuerySet
from messaging.services import callbacks
from messaging.services.callback_targets import RefusedAddressError
from tenants.authentication import allowed_tenants, visible_to
from tenants.models import Scope, Tenant


class CallbackApiView(ApiView):
    """What the views of callbacks share. Another bakery's callback is not found."""

    required_scope = Scope.CALLBACKS_WRITE
    http_method_names = [*ApiView.http_method_names, "patch"]

    def visible(self) -> CallbackQuerySet:
        found: CallbackQuerySet = visible_to(self.api_key, Callback.objects.all())
        return found

    def callback(self, text: str) -> Callback:
        """Return the callback of an address. Raises RefusalError."""
        found = self.visible().filter(pk=id_from(text, "callback_id")).first()
        if found is None:
            raise RefusalError("not_found", "There is no such callback.")
        return found


class CallbackListView(CallbackApiView, ListAPIView[Callback]):
    serializer_class = CallbackOut

    def get_queryset(self) -> QuerySet[Callback]:
        return self.visible()

    @docs.callback_list
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request)

    @docs.create_callback
    def post(self, request: Request) -> Response:
        body = read_body(request, CallbackIn)
        tenant = self._tenant_of(body)
        try:
            made = callbacks.register(
                tenant=tenant, url=body["url"], events=body["events"], by=self.acting
            )
        except RefusedAddressError as error:
            raise _refused_address(error) from None
        except callbacks.TooManyCallbacksError as error:
            raise RefusalError("too_many_callbacks", str(error)) from None
        return Response(CallbackWithSecretOut(made.callback).data, status=201)

    def _tenant_of(self, body: dict[str, Any]) -> Tenant | None:
        wanted = body.get("tenant_id") or self.api_key.tenant_id
        if wanted is None:
            return None
        tenant = allowed_tenants(self.api_key).filter(pk=wanted).first()
        if tenant is None:
            raise unknown_tenant()
        return tenant


class CallbackView(CallbackApiView):
    @docs.get_callback
    def get(self, request: Request, callback_id: str) -> Response:
        return Response(CallbackOut(self.callback(callback_id)).data)

    @docs.change_callback
    def patch(self, request: Request, callback_id: str) -> Response:
        callback = self.callback(callback_id)
        try:
            callbacks.change(callback, **read_body(request, CallbackChangeIn))
        except RefusedAddressError as error:
            raise _refused_address(error) from None
        return Response(CallbackOut(callback).data)

    @docs.delete_callback
    def delete(self, request: Request, callback_id: str) -> Response:
        callbacks.remove(self.callback(callback_id))
        return Response(status=204)


class RotateSecretView(CallbackApiView):
    @docs.rotate_secret
    def post(self, request: Request, callback_id: str) -> Response:
        rotated = callbacks.rotate_secret(self.callback(callback_id))
        return Response(CallbackWithSecretOut(rotated.callback).data)


class TestCallbackView(CallbackApiView):
    @docs.test_callback
    def post(self, request: Request, callback_id: str) -> Response:
        try:
            delivery = callbacks.send_ping(self.callback(callback_id))
        except callbacks.CallbackDisabledError as error:
            raise RefusalError("callback_disabled", str(error)) from None
        return Response(DeliveryOut(delivery).data, status=202)


class DeliveryListView(CallbackApiView, ListAPIView[CallbackDelivery]):
    serializer_class = DeliveryOut

    def get_queryset(self) -> QuerySet[CallbackDelivery]:
        filters = validated(DeliveryFilters(data=self.request.query_params.dict()))
        callback = self.callback(self.kwargs["callback_id"])
        return CallbackDelivery.objects.filter(callback=callback, **filters)

    @docs.delivery_list
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request)


class RedeliverView(CallbackApiView):
    @docs.redeliver
    def post(self, request: Request, callback_id: str, delivery_id: str) -> Response:
        wanted = CallbackDelivery.objects.filter(
            callback=self.callback(callback_id), pk=id_from(delivery_id, "delivery_id")
        )
        delivery = wanted.select_related("callback").first()
        if delivery is None:
            raise RefusalError("not_found", "There is no such delivery.")
        try:
            callbacks.redeliver(delivery)
        except callbacks.CallbackDisabledError as error:
            raise RefusalError("callback_disabled", str(error)) from None
        return Response(DeliveryOut(delivery).data, status=202)


def _refused_address(error: RefusedAddressError) -> RefusalError:
    return RefusalError(
        "invalid_callback_url", "No callback may lead to this address.", {"url": str(error)}
    )
