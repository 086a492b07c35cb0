"""What migrations put into tables comes back after a transactional test has emptied them.

Django empties every table after such a test, and with them the rows that
migrations made; the tests after it on the same database would see another
installation than everybody else's.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

#: App → the migrations that put rows into tables, and their functions.
ROWS_OF_MIGRATIONS = {
    "accounts": [("0003_roles", "add"), ("0005_right_to_use_programmes", "allow")],
    "smsbridge": [("0003_common_keywords", "add")],
    "telephony": [("0002_let_api_clients_use_telephony", "allow")],
}


def put_back(sender: AppConfig, **kwargs: Any) -> None:
    """Receiver of ``post_migrate``, which Django sends after emptying the tables too."""
    for migration, function in ROWS_OF_MIGRATIONS[sender.label]:
        getattr(import_module(f"{sender.label}.migrations.{migration}"), function)(apps, None)


def connect() -> None:
    for label in ROWS_OF_MIGRATIONS:
        post_migrate.connect(put_back, sender=apps.get_app_config(label))
