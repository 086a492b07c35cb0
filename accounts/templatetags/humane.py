"""Numbers as people read them."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def grouped(number: int) -> str:
    """1234567 as 1 234 567, with narrow spaces that never break."""
    return f"{number:,}".replace(",", "\u202f")
