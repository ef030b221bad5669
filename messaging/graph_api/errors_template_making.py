"""Creating, editing and reading templates. Source: Templates; Cloud API, Error codes, 2026-11-22."""

from __future__ import annotations

from messaging.graph_api.facts import DOCUMENTATION, ErrorClass, ErrorFacts, Scope, WhoActs, row

_TEMPLATES_URL = f"{DOCUMENTATION}/templates/components"


def _template(
    code: int, title: tuple[str, str], action: tuple[str, str], doc_url: str = _TEMPLATES_URL
) -> ErrorFacts:
    return row(
        code,
        ErrorClass.OPERATIONS,
        WhoActs.PLATFORM,
        Scope.TEMPLATE,
        title=title,
        action=action,
        doc_url=doc_url,
    )


ROWS: tuple[ErrorFacts, ...] = (
    _template(
        2388019,
        (
            "The account has as many templates as Meta allows.",
            "La cuenta tiene todas las plantillas que Meta permite.",
        ),
        (
            "Delete templates nobody uses, or verify the business to be allowed more.",
            "Elimina las plantillas que nadie usa o verifica la empresa para poder tener más.",
        ),
    ),
    _template(
        2388039,
        (
            "The template cannot be changed in its present state.",
            "La plantilla no se puede cambiar en su estado actual.",
        ),
        (
            "Wait until its review has ended, then edit it.",
            "Espera a que termine su revisión y edítala.",
        ),
    ),
    _template(
        2388040,
        ("A part of the template is too long.", "Una parte de la plantilla es demasiado larga."),
        (
            "Shorten it: 60 characters for header and footer, 1,024 for the body, 25 for a button.",
            "Acórtala: 60 caracteres para encabezado y pie, 1.024 para el cuerpo, 25 para un botón.",
        ),
    ),
    _template(
        2388047,
        (
            "The template's header is not well formed.",
            "El encabezado de la plantilla no está bien formado.",
        ),
        (
            "Use plain text with at most one placeholder, or one file with an example.",
            "Usa texto sencillo con un hueco como máximo, o un archivo con su ejemplo.",
        ),
    ),
    _template(
        2388072,
        (
            "The template's body is not well formed.",
            "El cuerpo de la plantilla no está bien formado.",
        ),
        (
            "Number the placeholders from {{1}} without gaps and give an example for each.",
            "Numera los huecos desde {{1}} sin saltos y da un ejemplo de cada uno.",
        ),
    ),
    _template(
        2388073,
        (
            "The template's footer is not well formed.",
            "El pie de la plantilla no está bien formado.",
        ),
        (
            "Write the footer as plain text without placeholders, 60 characters at most.",
            "Escribe el pie como texto sencillo sin huecos, 60 caracteres como máximo.",
        ),
    ),
    _template(
        2388293,
        (
            "The template has too many placeholders for so little text.",
            "La plantilla tiene demasiados huecos para tan poco texto.",
        ),
        (
            "Add words around the placeholders, or use fewer of them.",
            "Añade palabras alrededor de los huecos o usa menos.",
        ),
    ),
    _template(
        2388299,
        (
            "The template begins or ends with a placeholder.",
            "La plantilla empieza o termina con un hueco.",
        ),
        ("Put words before and after it.", "Pon palabras delante y detrás."),
    ),
    _template(
        131059,
        (
            "The list of templates changed while we were reading it.",
            "La lista de plantillas cambió mientras la leíamos.",
        ),
        (
            "Nothing to do: reading starts again from the first page.",
            "No hay que hacer nada: la lectura empieza otra vez desde la primera página.",
        ),
        f"{DOCUMENTATION}/templates/template-management",
    ),
    *(
        _template(
            code,
            (
                "Meta does not provide statistics for these templates.",
                "Meta no ofrece estadísticas de estas plantillas.",
            ),
            (
                "Use the figures of our own pages; they come from the statuses of each message.",
                "Usa las cifras de nuestras páginas; salen de los estados de cada mensaje.",
            ),
        )
        for code in (200005, 200006, 200007)
    ),
)
