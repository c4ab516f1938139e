"""The API page's document: of each operation what it does and who may call it, of each refusal the form, Chinese first everywhere.

The code says what a thing is as "What it is. 中文"; here that is turned round for those who read it.
"""

import inspect
import re
from typing import Any

from fastapi import FastAPI

from shared.http import problems
from shared.http.callers import api_routes, callers_of

_ENGLISH, _CHINESE = re.compile(r"[^\u4e00-\u9fff]*[A-Za-z]{2}"), re.compile(r"[^A-Za-z\u4e00-\u9fff]*[\u4e00-\u9fff]")
_DONE = "Successful Response"
"""The framework's words."""


def install(app: FastAPI) -> None:
    """Make the app's document this one."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document["components"]["schemas"]
            schemas |= problems.schemas()
            for schema in schemas.values():
                if "description" in schema:
                    schema["description"] = _turned(schema["description"])
            for route in api_routes(app):
                said = inspect.getdoc(route.endpoint) or ""
                english, _, chinese = said.rpartition(". ")
                for method in route.methods or ():
                    operation = document["paths"][route.path_format][method.lower()]
                    operation["summary"] = f"{chinese} / {re.split('[.;]', english)[0]}"
                    own = operation["description"]
                    own = f"{chinese} / {english}." if own == said else own
                    operation["description"] = f"{own}\n\n{callers_of(route.dependant)}"
                    for response in operation["responses"].values():
                        if response["description"] == _DONE:
                            response["description"] = "成功 / Done"
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _turned(text: str) -> str:
    """What a class is, Chinese first; its further paragraphs, and what is written so already, stay."""
    first, blank, rest = text.partition("\n\n")
    english, stop, chinese = first.rpartition(". ")
    if stop and _ENGLISH.match(english) and _CHINESE.match(chinese):
        first = f"{chinese} / {english}."
    return first + blank + rest
