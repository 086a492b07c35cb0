"""Writes one operation of the document: what the code tells and what ``describe`` says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from drf_spectacular.drainage import error
from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import BaseSerializer

from accounts.api.openapi import fields, security  # noqa: F401 - they register themselves
from accounts.api.openapi.operations import NOTHING, Answer, Body, Dialect, Operation, Parameter, told_of_view
from accounts.api.openapi.shapes import RESPONSES, Shape

JSON = "application/json"


class OperationSchema(AutoSchema):
    """The framework's ``DEFAULT_SCHEMA_CLASS``."""

    dialect: Dialect
    told: Operation

    def get_operation(self, *args: Any) -> dict[str, Any] | None:
        path, method = args[0], args[3]
        found = getattr(self.view, "told", None) or told_of_view(self.view)
        name = getattr(self.view, "action", None) or method.lower()
        if found is None or name not in found[1]:
            error(f"{method} {path} is not described: say in its app's api/schema.py what it does")
            return None
        self.dialect, self.told = found[0], found[1][name]
        return super().get_operation(*args)

    def get_operation_id(self) -> str:
        return self.told.id

    def get_summary(self) -> str:
        return self.told.summary

    def get_description(self) -> str:
        return self.told.text

    def get_tags(self) -> list[str]:
        return [self.dialect.tag]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return super().get_auth() if self.told.security is None else self.told.security

    def _get_parameters(self) -> list[Shape]:
        return [_parameter(each) for each in self.told.parameters]

    def _get_request_body(self, direction: Any = "request") -> Shape | None:
        body = self.told.body
        if body is None:
            return None
        shape = self._shape_of(body)
        content: dict[str, Shape] = {media: {"schema": shape} for media in body.media or self.map_parsers()}
        for media, each in content.items():
            if media == JSON or body.media or _fits_a_form(body.example):
                each["example"] = body.example
        return {"content": content, **({"required": True} if body.required else {})}

    def _shape_of(self, body: Body) -> Shape:
        shape = body.shape
        if isinstance(shape, dict):
            return shape
        serializer: BaseSerializer[Any] = shape() if isinstance(shape, type) else shape
        reference: Shape = self.resolve_serializer(serializer, "request").ref
        return reference

    def _get_response_bodies(self, direction: Any = "response") -> Shape:
        answers = {
            status: self._response(self._or_away(answer) if status == 503 else answer)
            for status, answer in self.told.answers.items()
        }
        refusals = {status: self._refusal(status) for status in self._refusals() - set(answers)}
        return {str(status): response for status, response in sorted((answers | refusals).items())}

    def _or_away(self, answer: Answer) -> Answer:
        """An operation's own 503, which may also be the one that every operation has."""
        shapes = [shape for shape in (answer.shape, self.dialect.refusal(503).shape) if shape is not None]
        return replace(answer, shape={"anyOf": shapes})

    def _refusal(self, status: int) -> Shape:
        name = f"{self.dialect.name}{status}"
        if name not in RESPONSES:
            RESPONSES[name] = self._response(self.dialect.refusal(status))
        return {"$ref": f"#/components/responses/{name}"}

    def _response(self, answer: Answer) -> Shape:
        found: Shape = {"description": answer.text}
        if answer.headers:
            found["headers"] = {name: {"schema": shape} for name, shape in answer.headers.items()}
        if answer.shape is not None:
            content = {"schema": answer.shape}
            if answer.example is not NOTHING:
                content["example"] = answer.example
            found["content"] = dict.fromkeys(answer.media or (JSON,), content)
            found["content"] |= {media: {"schema": shape} for media, shape in answer.others.items()}
        return found

    def _refusals(self) -> set[int]:
        return {*self.told.refusals, *self._usual_refusals()}

    def _usual_refusals(self) -> Iterator[int]:
        dialect, authenticators = self.dialect, self.view.get_authenticators()
        yield from dialect.with_body if self.told.body is not None else dialect.without_body
        if authenticators and self.view.get_permissions():
            yield 403
            if authenticators[0].authenticate_header(self.view.request):
                yield 401
        if self.view.get_throttles():
            yield 429
        yield 503


def _fits_a_form(example: Any) -> bool:
    """Forms hold texts: neither objects nor null."""
    return isinstance(example, dict) and all(
        isinstance(value, str | int | list) for value in example.values()
    )


def _parameter(each: Parameter) -> Shape:
    found: Shape = {"name": each.name, "in": each.where, "description": each.text, "schema": each.shape}
    if each.required or each.where == "path":
        found["required"] = True
    if each.example is not NOTHING:
        found["example"] = each.example
    return found
