"""JSON Schema (2020-12, as OpenAPI 3.1 has it) for what is not a serializer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Shape = dict[str, Any]

#: Shapes that have a name of their own in the document.
COMPONENTS: dict[str, Shape] = {}
#: Refusals, which the document has once for each dialect.
RESPONSES: dict[str, Shape] = {}
#: Ways to say who is calling, of views that are not the framework's.
SECURITY_SCHEMES: dict[str, Shape] = {}


def string(**keywords: Any) -> Shape:
    """``string(maxLength=64)``, ``string(format="uuid")``."""
    return {"type": "string", **keywords}


def integer(**keywords: Any) -> Shape:
    return {"type": "integer", **keywords}


def number(**keywords: Any) -> Shape:
    return {"type": "number", **keywords}


def boolean(**keywords: Any) -> Shape:
    return {"type": "boolean", **keywords}


def choice(*values: Any, **keywords: Any) -> Shape:
    """One of these texts or numbers."""
    return {"enum": list(values), **({"type": "string"} if isinstance(values[0], str) else {}), **keywords}


def array(items: Shape, **keywords: Any) -> Shape:
    return {"type": "array", "items": items, **keywords}


def mapping(values: Shape | bool = True, **keywords: Any) -> Shape:
    """An object whose keys are data."""
    return {"type": "object", "additionalProperties": values, **keywords}


def record(properties: Mapping[str, Shape], *, optional: Collection[str] = (), **keywords: Any) -> Shape:
    """An object with these keys, all of them always there unless ``optional``."""
    required = [name for name in properties if name not in optional]
    shape: Shape = {"type": "object", "properties": dict(properties), **keywords}
    return {**shape, "required": required} if required else shape


def nullable(shape: Shape) -> Shape:
    if isinstance(shape.get("type"), str) and "enum" not in shape:
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


def told(shape: Shape, text: str) -> Shape:
    """The shape with a sentence about it."""
    return {**shape, "description": text}


def named(name: str, shape: Shape) -> Shape:
    """A reference to the shape, which the document has once, under ``name``."""
    if COMPONENTS.setdefault(name, shape) != shape:
        raise ValueError(f"Two different shapes are named {name}.")
    return {"$ref": f"#/components/schemas/{name}"}


UUID = string(format="uuid")
INSTANT = string(format="date-time")
URL = string(format="uri")
#: A 64-bit key.
KEY = integer(minimum=1, maximum=2**63 - 1)
EMAIL = string(format="email")
