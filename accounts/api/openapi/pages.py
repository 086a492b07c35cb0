"""Pages by limit and offset (``accounts.api.pagination``) in the document."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi.operations import Answer, Parameter
from accounts.api.openapi.shapes import URL, Shape, array, integer, named, nullable, record, told

PAGING = (
    Parameter(
        "limit",
        "Records on the page. Without it, or when it is no whole number, the installation's default; "
        "never more than its maximum.",
        integer(minimum=0),
        100,
    ),
    Parameter("offset", "Records to pass over.", integer(minimum=0), 0),
)


def page_of(
    name: str, item: Shape, example: Any, text: str = "A page of the list.", *, counted: bool = True
) -> Answer:
    """``name``: of the page's shape in the document. ``counted``: whether every page tells the count."""
    shape = record(
        {
            "count": told(integer(minimum=0), "Records on all pages together."),
            "next": told(nullable(URL), "The next page, with every parameter of this one; null on the last."),
            "previous": told(nullable(URL), "The page before; null on the first."),
            "results": array(item),
        },
        optional=() if counted else ("count",),
    )
    page = {"count": 1, "next": None, "previous": None, "results": [example]}
    return Answer(text, named(name, shape), page)
