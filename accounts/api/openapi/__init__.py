"""Describing an API's operations for its OpenAPI document.

A dialect has a module ``api/schema.py`` beside its views, read only when the
document is made. It says of each view what the code itself does not tell:

    describe(Widgets, DIALECT, get=Operation("listWidgets", "Widgets", answers={200: …}))

Routes, methods, parsers, authenticators, scopes and the fields of serializers
come from the code. A view that is not described is an error of the document.
"""

from accounts.api.openapi.operations import (
    Answer,
    Body,
    Dialect,
    Operation,
    Parameter,
    describe,
    describe_each,
)

__all__ = [
    "Answer",
    "Body",
    "Dialect",
    "Operation",
    "Parameter",
    "describe",
    "describe_each",
]
