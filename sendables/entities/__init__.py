"""Kinds of sendables and their settings."""

from sendables.entities.options import BUILT_IN, LIST_VIEWS, OPTIONS, VIEWS, FilterType, Kind, Option
from sendables.entities.registry import Entity, EntitySettings, entities, entity

__all__ = [
    "BUILT_IN",
    "LIST_VIEWS",
    "OPTIONS",
    "VIEWS",
    "Entity",
    "EntitySettings",
    "FilterType",
    "Kind",
    "Option",
    "entities",
    "entity",
]
