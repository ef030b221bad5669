"""Why values do not fit a template, in Spanish: tried with what `fit` really says."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from messaging.admin.misfit_words import misfit_words
from messaging.graph_api.template_text import ParametersMismatchError, fit

BODY = {"type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} está listo."}
NAMED = {"type": "BODY", "text": "Hola {{nombre}}, tu pedido está listo."}
PHOTO = {"type": "HEADER", "format": "IMAGE"}
BUTTON = {
    "type": "BUTTONS",
    "buttons": [{"type": "URL", "text": "Ver", "url": "https://pedidos.example/{{1}}"}],
}


def body(*texts: str) -> dict[str, Any]:
    return {"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]}


def spanish_of(template: list[dict[str, Any]], *given: dict[str, Any]) -> str:
    with pytest.raises(ParametersMismatchError) as found:
        fit(template_components=template, parameter_format="", given=list(given))
    with translation.override("es"):
        return misfit_words(dict.fromkeys(found.value.fields.values()))


@pytest.mark.parametrize(
    ("template", "given", "spanish"),
    [
        ([BODY], [body("Ana")], "Falta el valor de {{2}} en el texto."),
        ([BODY], [], "Falta el texto con {{1}}, {{2}}."),
        ([BODY], [body("Ana", "PO-1", "3")], "Sobra: el texto de la plantilla lleva 2 valores."),
        ([BODY], [body("Ana", " ")], "El valor de {{2}} en el texto está vacío."),
        ([NAMED], [body("Ana")], "Ponle nombre al valor: uno de {{nombre}}. Falta el valor de {{nombre}} en el texto."),
        ([PHOTO, NAMED], [body("Ana")], "Falta image en el encabezado."),
        ([BODY, BUTTON], [body("Ana", "PO-1")], "Falta el valor del botón 0 (Ver)."),
    ],
)  # fmt: skip
def test_a_misfit_is_told_in_spanish(template, given, spanish):
    assert spanish in spanish_of(template, *given)


def test_what_is_not_recognised_stays_as_the_api_says_it():
    with translation.override("es"):
        assert misfit_words(["The components must be a list."]) == "The components must be a list."
