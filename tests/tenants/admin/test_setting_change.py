"""The list of what bakeries changed of their settings, in words."""

from __future__ import annotations

from tenants.models import SettingChange
from tenants.services.setting_changes import note
from tests.factories import TenantFactory

LIST = "/admin/tenants/settingchange/"


def test_codes_are_told_in_words(paula):
    tenant = TenantFactory.create()
    note(tenant, SettingChange.What.SWITCH, before="off", after="on", by="ana")
    note(tenant, SettingChange.What.WAITING, before="2", after="send", by="ana")
    note(tenant, SettingChange.What.MONTHLY_LIMIT, before="", after="500", by="ana")
    page = paula.get(LIST, headers={"accept-language": "es"}).text
    cells = page.partition("result_list")[2]
    for words in ("desactivado", "activado", "2 en espera", "enviarlos igualmente", "500", "–"):
        assert words in cells
    for code in (">off<", ">on<", ">send<"):
        assert code not in cells
