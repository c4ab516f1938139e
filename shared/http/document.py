"""The API page's document: of each operation what it does and who may call it, of each refusal the form, Chinese first everywhere.

The code says what a thing is as "What it is. 中文"; here that is turned round for those who read it.
"""

import inspect
import re
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant

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
                    _own_headers(operation, route.dependant)
                    for response in operation["responses"].values():
                        if response["description"] == _DONE:
                            response["description"] = "成功 / Done"
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _own_headers(operation: dict[str, Any], dependant: Dependant) -> None:
    """What a door itself asks of a header goes before what a part asks that it shares with others, which the framework would tell."""
    for field in dependant.header_params:
        for told in operation["parameters"]:
            if (told["in"], told["name"]) == ("header", field.alias):
                extra = field.field_info.json_schema_extra
                told["description"] = field.field_info.description
                told["schema"] |= {**(extra if isinstance(extra, dict) else {}), "description": told["description"]}


def _turned(text: str) -> str:
    """What a class is, Chinese first; its further paragraphs, and what is written so already, stay."""
    first, blank, rest = text.partition("\n\n")
    english, stop, chinese = first.rpartition(". ")
    if stop and _ENGLISH.match(english) and _CHINESE.match(chinese):
        first = f"{chinese} / {english}."
    return first + blank + rest
