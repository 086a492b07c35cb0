"""The picture of the data model, drawn from the models themselves.

Each app stands in the column of its layer, each table is a box with its
references, and an arrow leads from a reference to the table it names; only
accounts, to which half of the tables refer, are named instead.
Plain shapes with attributes of their own: the page that shows the picture
allows neither style sheets nor scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Field, Model

#: The apps from the lowest layer to the highest, as their imports go: arrows lead to the left.
COLUMNS = (
    ("accounts", "audit", "sheets"),
    ("contacts",),
    ("outbox",),
    ("sendables",),
    ("smsbridge", "telephony"),
    ("stagebased",),
    ("hospitality", "webhooks", "broadcasts"),
)
#: Pixels: a box, a line of text in it, the space between columns and between boxes.
_WIDTH, _LINE, _GAP, _SPACE = 205, 15, 70, 16
#: Boxes of one column; an app with more has another one.
_MOST = 14
_FILLS = ("#e8eef7", "#e6f4ea", "#fdf3df", "#f3e8f7", "#e3f3f5", "#fbe9e7", "#eeeeee")


@dataclass
class _Box:
    model: type[Model]
    x: int
    y: int
    fill: str
    references: list[Field] = field(default_factory=list)
    others: int = 0

    @property
    def height(self) -> int:
        return _LINE * (2 + len(self.references)) + 12

    def line(self, reference: Field) -> int:
        return self.y + 12 + _LINE * (1 + self.references.index(reference))


def svg() -> str:
    """The text of ``docs/images/data-model.svg``."""
    boxes = {box.model: box for box in _boxes()}
    width = max(box.x + _WIDTH for box in boxes.values()) + 45
    height = max(box.y + box.height for box in boxes.values()) + 20
    drawn = [*(line for box in boxes.values() for line in _arrows(box, boxes))]
    drawn += [line for box in boxes.values() for line in _box(box)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" font-family="sans-serif" font-size="11">',
            "<title>The tables of each app, and which refers to which</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _boxes() -> Iterator[_Box]:
    x = 20
    for number, labels in enumerate(COLUMNS):
        y, count = 20, 0
        for label in labels:
            for model in apps.get_app_config(label).get_models():
                if count == _MOST:
                    x, y, count = x + _WIDTH + _GAP, 20, 0
                box = _box_of(model, x, y, _FILLS[number])
                yield box
                y, count = y + box.height + _SPACE, count + 1
            y += _SPACE
        x += _WIDTH + _GAP


def _box_of(model: type[Model], x: int, y: int, fill: str) -> _Box:
    references = [one for one in model._meta.concrete_fields if one.remote_field is not None]
    return _Box(model, x, y, fill, references, len(model._meta.concrete_fields) - len(references))


def _box(box: _Box) -> Iterator[str]:
    meta = box.model._meta
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{box.height}" rx="5" fill="{box.fill}"'
        ' stroke="#5f6b7a"/>'
    )
    yield _text(box.x + 8, box.y + 15, f"{meta.app_label}.{meta.object_name}", bold=True)
    for reference in box.references:
        may_be_empty = " ?" if reference.null else ""
        named = "" if _is_drawn(reference) else ": User"
        yield _text(box.x + 8, box.line(reference) + 4, f"→ {reference.name}{named}{may_be_empty}")
    plural = "" if box.others == 1 else "s"
    last = box.y + box.height - 8
    yield _text(box.x + 8, last, f"{box.others} column{plural} of its own", fill="#5f6b7a")


def _text(x: int, y: int, text: str, *, bold: bool = False, fill: str = "#1f2937") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" fill="{fill}"{weight}>{escape(text)}</text>'


def _arrows(box: _Box, boxes: dict[type[Model], _Box]) -> Iterator[str]:
    for reference in box.references:
        target = boxes.get(reference.related_model)  # type: ignore[arg-type] # "self" is resolved by now
        if target is None or not _is_drawn(reference):
            continue
        y, to_y = box.line(reference), target.y + 12
        if target.x < box.x:
            start, end = box.x, target.x + _WIDTH
            bend = max(30, (start - end) // 2)
            path = f"M{start} {y} C{start - bend} {y} {end + bend} {to_y} {end + 5} {to_y}"
            head = f"{end},{to_y} {end + 7},{to_y - 3} {end + 7},{to_y + 3}"
        else:
            # Within a column around its right side.
            start, end = box.x + _WIDTH, target.x + _WIDTH
            path = f"M{start} {y} C{start + 35} {y} {end + 35} {to_y} {end + 5} {to_y}"
            head = f"{end},{to_y} {end + 7},{to_y - 3} {end + 7},{to_y + 3}"
        yield f'<path d="{path}" fill="none" stroke="#8a94a3" stroke-opacity="0.75"/>'
        yield f'<polygon points="{head}" fill="#5f6b7a"/>'


def _is_drawn(reference: Field) -> bool:
    return reference.related_model is not get_user_model()
