from __future__ import annotations

import json
import re
from typing import Any

import pytest

from messaging import demo
from messaging.graph_api.signature import appsecret_proof
from messaging.simulator import account
from tests.messaging.simulator.conftest import GOIKO, Graph

FIRST = demo.DEFAULT_PHONE_NUMBER_ID


def test_the_guides_first_check_gets_exactly_the_guides_answer(graph):
    answer = graph.call("GET", f"v18.0/{FIRST}")
    assert answer.status_code == 200
    assert answer.json() == {
        "verified_name": "Bakery Platform",
        "display_phone_number": "+34 612 345 678",
        "quality_rating": "GREEN",
        "id": "123456789012345",
    }


def test_an_expired_version_is_served_by_the_oldest_alive_and_the_header_says_so(graph):
    assert graph.call("GET", f"v18.0/{FIRST}").headers["facebook-api-version"] == "v21.0"
    assert graph.call("GET", f"v26.0/{FIRST}").headers["facebook-api-version"] == "v26.0"


def test_a_version_that_does_not_exist_is_refused(graph):
    assert graph.call("GET", f"v99.0/{FIRST}").json()["error"]["code"] == 2500


def test_slashes_too_many_and_a_missing_version_do_no_harm(graph):
    assert graph.get(f"{FIRST}/").json() == graph.call("GET", f"/{FIRST}").json()
    assert graph.get(f"{demo.WABA_ID}//phone_numbers/").status_code == 200


def test_the_guides_template_check_lists_name_status_and_language(graph):
    answer = graph.call(
        "GET", f"v18.0/{demo.WABA_ID}/message_templates?fields=name,status,language"
    )
    assert answer.json()["data"][0] == {
        "name": "po_notification",
        "status": "APPROVED",
        "language": "es",
        "id": "1200000000000345",
    }


def test_pages_are_followed_by_their_next_address(graph):
    path, seen = f"v26.0/{demo.WABA_ID}/phone_numbers?fields=id&limit=4", []
    while path:
        body = graph.call("GET", path).json()
        seen += [row["id"] for row in body["data"]]
        path = body["paging"].get("next", "").partition("/simulator/graph/")[2]
    assert seen == [number.phone_number_id for number in demo.NUMBERS]


def test_the_address_of_the_next_page_does_not_repeat_a_token(graph):
    path = f"{demo.WABA_ID}/phone_numbers?limit=1&access_token={demo.ACCESS_TOKEN}"
    assert demo.ACCESS_TOKEN not in graph.get(path).content.decode()


def test_a_stale_cursor_is_131059(graph):
    answer = graph.get(f"{demo.WABA_ID}/message_templates?after=bm9uc2Vuc2U")
    assert answer.json()["error"]["code"] == 131059


def test_templates_are_filtered_by_name(graph):
    rows = graph.get(f"{demo.WABA_ID}/message_templates?name=low_stock_alert").json()["data"]
    assert [row["name"] for row in rows] == ["low_stock_alert"]


def test_one_unknown_field_fails_the_whole_call(graph):
    answer = graph.get(f"{FIRST}?fields=id,favourite_bread")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_fields_with_inner_fields_are_understood(graph):
    body = graph.get(f"{FIRST}?fields=throughput{{level}},status").json()
    assert body == {"throughput": {"level": "STANDARD"}, "status": "CONNECTED", "id": FIRST}


def test_a_wrong_token_is_190_in_metas_envelope(graph):
    graph.token = "EAAwrong"
    answer = graph.get(FIRST)
    error = answer.json()["error"]
    assert answer.status_code == 401
    assert (error["type"], error["code"]) == ("OAuthException", 190)
    assert error["message"].startswith("Invalid OAuth access token")
    assert error["fbtrace_id"]


def test_no_token_is_200(graph):
    assert graph.client.get(f"/simulator/graph/v26.0/{FIRST}").json()["error"]["code"] == 200


def test_a_wrong_proof_is_refused_and_a_right_one_taken(graph):
    right = appsecret_proof(demo.ACCESS_TOKEN, demo.APP_SECRET)
    assert graph.get(f"{FIRST}?appsecret_proof={right}").status_code == 200
    assert graph.get(f"{FIRST}?appsecret_proof=wrong").json()["error"]["code"] == 100


@pytest.mark.parametrize("path", ["999999999999999", "999999999999999/messages", ""])
def test_an_unknown_object_is_100_with_subcode_33(graph, path):
    error = graph.get(path).json()["error"]
    assert (error["code"], error["error_subcode"]) == (100, 33)


def test_reads_carry_the_usage_header(graph):
    usage = json.loads(graph.get(FIRST).headers["x-business-use-case-usage"])
    assert usage[demo.WABA_ID][0]["type"] == "whatsapp_business_management"


def test_a_number_turned_red_is_read_as_red(graph):
    account.set_quality(GOIKO, "RED")
    assert graph.get(GOIKO).json()["quality_rating"] == "RED"


def test_the_app_is_subscribed_until_it_is_not(graph):
    path = f"{demo.WABA_ID}/subscribed_apps"
    assert graph.get(path).json()["data"][0]["whatsapp_business_api_data"]["id"] == demo.APP_ID
    assert graph.call("DELETE", f"v26.0/{path}").json() == {"success": True}
    assert graph.get(path).json() == {"data": []}
    assert graph.post(path).json() == {"success": True}
    assert len(graph.get(path).json()["data"]) == 1


def test_registering_wants_the_same_six_digits_again_and_stops_after_ten_times(graph):
    path, good = f"{GOIKO}/register", {"messaging_product": "whatsapp", "pin": "482913"}
    assert graph.post(path, good).json() == {"success": True}
    assert graph.post(path, good | {"pin": "000000"}).json()["error"]["code"] == 133005
    codes = [graph.post(path, good).json().get("error", {}).get("code") for _ in range(9)]
    assert codes == [None] * 8 + [133016]


def test_a_verified_number_needs_no_code(graph):
    assert graph.post(f"{GOIKO}/request_code?code_method=SMS").json()["error"]["code"] == 136024
    assert graph.post(f"{GOIKO}/verify_code", {"code": "1"}).json()["error"]["code"] == 136025


class TestTokens:
    app_token = f"{demo.APP_ID}|{demo.APP_SECRET}"

    def inspect(self, graph: Graph, token: str) -> dict[str, Any]:
        graph.token = self.app_token
        return dict(graph.get(f"debug_token?input_token={token}").json()["data"])

    def mint(self, graph: Graph) -> str:
        proof = appsecret_proof(graph.token, demo.APP_SECRET)
        body = {"business_app": demo.APP_ID, "appsecret_proof": proof}
        path = f"{account.SYSTEM_USER_ID}/access_tokens"
        answer = graph.post(path, body | {"set_token_expires_in_60_days": True})
        return str(answer.json()["access_token"])

    def test_the_seeded_token_is_a_valid_one_of_the_system_user(self, graph):
        facts = self.inspect(graph, demo.ACCESS_TOKEN)
        assert facts["is_valid"] is True
        assert (facts["type"], facts["app_id"], facts["expires_at"]) == (
            "SYSTEM_USER",
            demo.APP_ID,
            0,
        )

    def test_an_unknown_token_is_described_as_invalid(self, graph):
        facts = self.inspect(graph, "EAAnobody")
        assert facts["is_valid"] is False
        assert facts["error"]["code"] == 190

    def test_a_new_token_works_until_it_is_revoked(self, graph):
        token = self.mint(graph)
        assert self.inspect(graph, token)["expires_at"] > 0
        graph.token = token
        assert graph.get(FIRST).status_code == 200
        query = f"client_id={demo.APP_ID}&client_secret={demo.APP_SECRET}&revoke_token={token}"
        assert graph.get(f"oauth/revoke?{query}").json() == {"success": True}
        assert graph.get(FIRST).json()["error"]["code"] == 190

    def test_on_the_day_they_end_all_tokens_given_out_are_refused_and_a_new_one_works(self, graph):
        minted = self.mint(graph)
        account.end_tokens()
        for token in (demo.ACCESS_TOKEN, minted):
            graph.token = token
            assert graph.get(FIRST).json()["error"]["error_subcode"] == 463
        graph.token = account.mint_token(expires_in_s=0)
        assert graph.get(FIRST).status_code == 200

    def test_a_token_can_be_of_another_kind(self, graph):
        token = account.mint_token(expires_in_s=86_400, type="USER", scopes=["public_profile"])
        facts = self.inspect(graph, token)
        assert (facts["type"], facts["scopes"]) == ("USER", ["public_profile"])


def test_the_scenarios_page_gives_out_a_token_and_lets_them_end(graph, client):
    page = client.post("/simulator/scenarios/tokens/new", follow=True).text
    (token,) = re.findall(r"EAA[0-9a-f]{48}", page)
    graph.token = token
    assert graph.get(FIRST).status_code == 200
    client.post("/simulator/scenarios/tokens/end")
    assert graph.get(FIRST).json()["error"]["code"] == 190


def test_without_redis_the_graph_answers_503_in_metas_envelope(graph, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = graph.get(FIRST)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == 2
    assert answer.json()["error"]["is_transient"] is True
