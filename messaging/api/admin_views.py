"""Bakeries and sending numbers, for the platform's own systems."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from bakery_whatsapp.api import ByName, OldestFirst, RefusalError
from messaging.api import docs, queries
from messaging.api.base import ApiView, id_from, read_body, unknown_tenant
from messaging.api.serializers import AssignPhoneIn, DatesOut, PhoneNumberOut, TenantIn, TenantOut
from messaging.services.dates_ahead import dated_events
from messaging.services.number_watch import watch_numbers
from tenants.models import PhoneNumber, Scope, Tenant
from tenants.services import assignments, provisioning


class TenantListView(ApiView, ListAPIView[Tenant]):
    required_scope = Scope.ADMIN_READ
    pagination_class = ByName
    serializer_class = TenantOut

    def get_queryset(self) -> QuerySet[Tenant]:
        return queries.bakeries(self.api_key)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), **_context()}

    @docs.tenant_list
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request)


class TenantView(ApiView):
    required_scope = Scope.ADMIN_WRITE

    @docs.put_tenant
    def put(self, request: Request, tenant_id: str) -> Response:
        key = id_from(tenant_id, "tenant_id")
        if self.api_key.tenant_id not in (None, key):
            raise unknown_tenant()
        body = read_body(request, TenantIn)
        try:
            tenant, created = provisioning.put_tenant(tenant_id=key, by=self.acting, **body)
        except provisioning.InvalidTenantError as error:
            raise RefusalError(
                "validation_error", "The bakery cannot be saved so.", {"name": str(error)}
            ) from None
        return Response(self._shown(tenant), status=201 if created else 200)

    def _shown(self, tenant: Tenant) -> dict[str, Any]:
        return shown(queries.bakeries(self.api_key).get(pk=tenant.pk))


class AssignPhoneView(ApiView):
    required_scope = Scope.ADMIN_WRITE

    @docs.assign_phone
    def post(self, request: Request, tenant_id: str) -> Response:
        tenant = self.tenant(tenant_id)
        phone_number_id = read_body(request, AssignPhoneIn)["phone_number_id"]
        try:
            number = provisioning.number_with_id(phone_number_id)
            assignments.assign_number(tenant=tenant, phone_number=number, by=self.acting)
        except provisioning.UnknownNumberError as error:
            raise _refusal("unknown_phone_number", error) from None
        except assignments.NumberTakenError as error:
            raise _refusal("number_taken", error) from None
        except assignments.ReservedNumberError as error:
            raise _refusal("number_reserved", error) from None
        except assignments.UnusableNumberError as error:
            raise _refusal("number_unusable", error) from None
        watch_numbers()
        return Response(shown(queries.bakeries(self.api_key).get(pk=tenant.pk)))

    @docs.release_phone
    def delete(self, request: Request, tenant_id: str) -> Response:
        assignments.release_number(tenant=self.tenant(tenant_id), by=self.acting)
        watch_numbers()
        return Response(status=204)


class PhoneNumberListView(ApiView, ListAPIView[PhoneNumber]):
    required_scope = Scope.ADMIN_READ
    # By id: a cursor by number would put phone numbers into addresses.
    pagination_class = OldestFirst
    serializer_class = PhoneNumberOut

    def get_queryset(self) -> QuerySet[PhoneNumber]:
        return queries.numbers(self.api_key)

    @docs.phone_number_list
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request)


class DateListView(ApiView):
    required_scope = Scope.ADMIN_READ

    @docs.date_list
    def get(self, request: Request) -> Response:
        found = {"results": dated_events(), "next": None, "previous": None}
        return Response(DatesOut(found).data)


def shown(tenant: Tenant) -> dict[str, Any]:
    return dict(TenantOut(tenant, context=_context()).data)


def _context() -> dict[str, bool]:
    return {"has_default_number": queries.has_default_number()}


def _refusal(code: str, error: Exception) -> RefusalError:
    return RefusalError(code, str(error), {"phone_number_id": str(error)})
