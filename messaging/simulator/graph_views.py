"""The Graph endpoints over HTTP: one view, Meta's headers, Meta's envelope, and the scenarios that break them."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.views.decorators.csrf import csrf_exempt

from messaging import demo
from messaging.simulator import (
    account,
    graph_nodes,
    pump,
    replies,
    sending,
    store,
    switches,
    versions,
)
from messaging.simulator.envelope import RefusalError, trace_id, unknown_object
from messaging.simulator.graph_request import (
    GraphRequest,
    check_proof,
    check_token,
    read_request,
)
from messaging.simulator.scenarios import Answer, Scenario

_CALLS_PER_HOUR = 5000
_HTML_PAGE = "<!DOCTYPE html>\n<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


@dataclass(slots=True)
class Outcome:
    """What goes back over the wire; `wire` and `after_s` are where a scenario bends it."""

    body: dict[str, Any]
    status: int = 200
    wire: Answer = Answer.JSON
    after_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


@csrf_exempt
@login_not_required
def graph(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """Answer one Graph call. Source: Graph API, Overview and Error handling, 2026-11-22."""
    version = versions.NEWEST
    try:
        pump.ensure_running()
        call = read_request(request, rest)
        version = call.version
        outcome = _answer(call)
    except RefusalError as refusal:
        outcome = Outcome(refusal.envelope(), refusal.http_status)
    except store.SimulatorUnavailableError:
        outcome = _without_redis()
    outcome.headers["facebook-api-version"] = version
    outcome.headers["x-fb-request-id"] = trace_id()
    outcome.headers["x-fb-trace-id"] = secrets.token_urlsafe(8)
    if outcome.after_s:
        time.sleep(outcome.after_s)
    return _response(outcome)


def _without_redis() -> Outcome:
    refusal = RefusalError(
        2,
        "The simulator keeps its state in Redis and cannot reach it: check REDIS_URL",
        message="(#2) Service temporarily unavailable",
        is_transient=True,
    )
    return Outcome(refusal.envelope(), refusal.http_status)


def _answer(call: GraphRequest) -> Outcome:
    check_proof(call)
    switched = switches.load()
    scenario = switched.scenario_for_all
    if call.parts[:1] and call.parts[0] in graph_nodes.OPEN:
        return Outcome(graph_nodes.handler_for(call)(call), after_s=switched.latency_ms / 1000)
    check_token(call.token)
    usage = _usage()
    is_message = call.method == "POST" and call.parts[1:] == ("messages",)
    outcome = _send(call, switched) if is_message else _read(call, scenario)
    outcome.after_s += switched.latency_ms / 1000
    outcome.headers["x-business-use-case-usage"] = usage
    return outcome


def _read(call: GraphRequest, scenario: Scenario | None) -> Outcome:
    try:
        sending.refuse_reads(scenario)
    except RefusalError as refusal:
        return _refused(refusal, scenario)
    return Outcome(graph_nodes.handler_for(call)(call))


def _send(call: GraphRequest, switched: switches.Switches) -> Outcome:
    number = account.number_of(call.parts[0])
    if number is None:
        raise unknown_object(call.parts[0], "post")
    if call.body.get("status") == "read":
        replies.mark_read_by_business(call.body.get("message_id"))
        return Outcome({"success": True})
    scenario = None
    try:
        scenario = sending.scenario_of(call.body, switch=switched.scenario)
        checked = sending.check(number, call.body, scenario=scenario)
    except RefusalError as refusal:
        return _refused(refusal, scenario)
    if not scenario.accepted:
        return Outcome({}, wire=scenario.answer, after_s=scenario.answer_after_s)
    answer = sending.accept(checked, reading=switched.reading)
    pump.ensure_running()
    return Outcome(answer, wire=scenario.answer, after_s=scenario.answer_after_s)


def _refused(refusal: RefusalError, scenario: Scenario | None) -> Outcome:
    is_page = scenario is not None and scenario.answer is Answer.HTML and refusal.code == 2
    return Outcome(
        refusal.envelope(), refusal.http_status, wire=Answer.HTML if is_page else Answer.JSON
    )


def _usage() -> str:
    """Count the call and return Meta's usage header; percentages of the hour. Source: Graph API, Rate limiting."""
    hour = str(int(store.now()) // 3600)
    calls = store.count_up(store.key("calls", hour), expire_s=3700)
    percent = min(100, calls * 100 // _CALLS_PER_HOUR)
    facts = {
        "type": "whatsapp_business_management",
        "call_count": percent,
        "total_cputime": 1,
        "total_time": 1,
        "estimated_time_to_regain_access": 0,
    }
    return json.dumps({demo.WABA_ID: [facts]}, separators=(",", ":"))


def _response(outcome: Outcome) -> HttpResponseBase:
    response: HttpResponseBase
    if outcome.wire is Answer.HTML:
        response = HttpResponse(_HTML_PAGE, status=502, content_type="text/html; charset=utf-8")
    elif outcome.wire is Answer.HALF:
        whole = json.dumps(outcome.body)
        response = HttpResponse(
            whole[: len(whole) // 2], content_type="application/json; charset=UTF-8"
        )
    elif outcome.wire is Answer.EMPTY:
        response = HttpResponse("", content_type="application/json; charset=UTF-8")
    elif outcome.wire is Answer.DROPPED:
        response = StreamingHttpResponse(
            iter([b"{"]), content_type="application/json; charset=UTF-8"
        )
        # More is promised than ever comes: the server drops the connection, which the client sees break.
        response["Content-Length"] = "512"
    else:
        response = JsonResponse(
            outcome.body,
            status=outcome.status,
            content_type="application/json; charset=UTF-8",
            json_dumps_params={"separators": (",", ":")},
        )
    for name, value in outcome.headers.items():
        response[name] = value
    return response
