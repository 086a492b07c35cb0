"""The databases of a Seed installation, filled as the originals fill them.

The tables are as the migrations of Seed Stage-based Messaging 0.13 and of the
Seed Identity Store 1.2 leave them, without indexes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extras import Json, register_uuid

register_uuid()
#: When everything was made there, unless said otherwise.
THEN = datetime(2019, 3, 1, 9, 30, tzinfo=UTC)

MESSAGING = """
CREATE TABLE auth_user (id serial PRIMARY KEY, username varchar(150) NOT NULL UNIQUE);
CREATE TABLE contentstore_schedule (
    id serial PRIMARY KEY, minute varchar(64) NOT NULL, hour varchar(64) NOT NULL,
    day_of_week varchar(64) NOT NULL, day_of_month varchar(64) NOT NULL,
    month_of_year varchar(64) NOT NULL, scheduler_schedule_id uuid);
CREATE TABLE contentstore_messageset (
    id serial PRIMARY KEY, short_name varchar(100) NOT NULL UNIQUE, label varchar(100) NOT NULL, notes text,
    channel varchar(64), content_type varchar(20) NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    default_schedule_id integer NOT NULL REFERENCES contentstore_schedule DEFERRABLE INITIALLY DEFERRED,
    next_set_id integer REFERENCES contentstore_messageset DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE contentstore_binarycontent (
    id serial PRIMARY KEY, content varchar(100) NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL);
CREATE TABLE contentstore_message (
    id serial PRIMARY KEY, sequence_number integer NOT NULL, lang varchar(6) NOT NULL, text_content text,
    metadata jsonb NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    binary_content_id integer REFERENCES contentstore_binarycontent DEFERRABLE INITIALLY DEFERRED,
    messageset_id integer NOT NULL REFERENCES contentstore_messageset DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (messageset_id, sequence_number, lang));
CREATE TABLE subscriptions_subscription (
    id uuid PRIMARY KEY, identity varchar(36) NOT NULL, version integer NOT NULL,
    initial_sequence_number integer NOT NULL, next_sequence_number integer NOT NULL, lang varchar(6) NOT NULL,
    active boolean NOT NULL, completed boolean NOT NULL, process_status integer NOT NULL, metadata jsonb,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    created_by_id integer REFERENCES auth_user, updated_by_id integer REFERENCES auth_user,
    messageset_id integer NOT NULL REFERENCES contentstore_messageset DEFERRABLE INITIALLY DEFERRED,
    schedule_id integer NOT NULL REFERENCES contentstore_schedule DEFERRABLE INITIALLY DEFERRED);
"""
IDENTITIES = """
CREATE TABLE auth_user (id serial PRIMARY KEY, username varchar(150) NOT NULL UNIQUE);
CREATE TABLE identities_identity (
    id uuid PRIMARY KEY, version integer NOT NULL, details jsonb NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, created_by_id integer REFERENCES auth_user,
    updated_by_id integer REFERENCES auth_user,
    communicate_through_id uuid REFERENCES identities_identity DEFERRABLE INITIALLY DEFERRED,
    operator_id uuid REFERENCES identities_identity DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE identities_optout (
    id uuid PRIMARY KEY, optout_type varchar(20) NOT NULL, address_type varchar(50) NOT NULL,
    address varchar(255) NOT NULL, request_source varchar(100) NOT NULL, requestor_source_id varchar(500),
    reason varchar(200), created_at timestamptz NOT NULL, created_by_id integer REFERENCES auth_user,
    identity_id uuid REFERENCES identities_identity DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE identities_optin (
    id uuid PRIMARY KEY, address_type varchar(50) NOT NULL, address varchar(255) NOT NULL,
    request_source varchar(100) NOT NULL, requestor_source_id varchar(500), created_at timestamptz NOT NULL,
    created_by_id integer REFERENCES auth_user,
    identity_id uuid REFERENCES identities_identity DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE identities_detailkey (id serial PRIMARY KEY, key_name varchar(50) NOT NULL);
"""


class Original:
    """One of them."""

    def __init__(self, url: str, schema: str) -> None:
        self.url = url
        self.database = psycopg2.connect(url)
        self.database.autocommit = True
        self.execute(schema)

    def execute(self, statement: str, *params: Any) -> None:
        with self.database.cursor() as cursor:
            cursor.execute(statement, params)

    def insert(self, table: str, **values: Any) -> Any:
        """A row; its id."""
        adapted = [Json(value) if isinstance(value, dict | list) else value for value in values.values()]
        marks = ", ".join(["%s"] * len(values))
        with self.database.cursor() as cursor:
            names = ", ".join(values)
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", adapted)
            return cursor.fetchone()[0]

    def copy(self, table: str, count: int, make: Callable[[int], dict[str, Any]]) -> None:
        """Many rows."""
        for number in range(count):
            self.insert(table, **make(number))


class Messaging(Original):
    """Seed Stage-based Messaging."""

    def __init__(self, url: str) -> None:
        super().__init__(url, MESSAGING)

    def schedule(self, **fields: Any) -> int:
        usual = dict.fromkeys(("minute", "hour", "day_of_week", "day_of_month", "month_of_year"), "*")
        return self.insert("contentstore_schedule", **(usual | {"minute": "0", "hour": "8"} | fields))

    def message_set(self, short_name: str, schedule: int, **fields: Any) -> int:
        usual = {"label": "", "content_type": "text", "created_at": THEN, "updated_at": THEN}
        given = {"short_name": short_name, "default_schedule_id": schedule}
        return self.insert("contentstore_messageset", **(usual | given | fields))

    def message(self, message_set: int, number: int, text: str | None, **fields: Any) -> int:
        usual = {"lang": "eng_ZA", "metadata": {}, "created_at": THEN, "updated_at": THEN}
        given = {"messageset_id": message_set, "sequence_number": number, "text_content": text}
        return self.insert("contentstore_message", **(usual | given | fields))

    def file(self, name: str) -> int:
        return self.insert("contentstore_binarycontent", content=name, created_at=THEN, updated_at=THEN)

    def subscription(self, message_set: int, schedule: int, **fields: Any) -> Any:
        usual = {
            "id": uuid4(), "identity": str(uuid4()), "version": 1, "initial_sequence_number": 1,
            "next_sequence_number": 1, "lang": "eng_ZA", "active": True, "completed": False,
            "process_status": 0, "created_at": THEN, "updated_at": THEN,
        }  # fmt: skip
        given = {"messageset_id": message_set, "schedule_id": schedule}
        return self.insert("subscriptions_subscription", **(usual | given | fields))


class IdentityStore(Original):
    """Seed Identity Store."""

    def __init__(self, url: str) -> None:
        super().__init__(url, IDENTITIES)

    def identity(self, details: Any, **fields: Any) -> Any:
        usual = {"id": uuid4(), "version": 1, "created_at": THEN, "updated_at": THEN}
        given = {"details": json.dumps(details)}
        return self.insert("identities_identity", **(usual | given | fields))

    def opt_out(self, identity: Any, kind: str, **fields: Any) -> Any:
        usual = {
            "id": uuid4(), "address_type": "", "address": "", "request_source": "hub", "created_at": THEN,
        }  # fmt: skip
        given = {"identity_id": identity, "optout_type": kind}
        return self.insert("identities_optout", **(usual | given | fields))

    def opt_in(self, identity: Any, **fields: Any) -> Any:
        usual = {
            "id": uuid4(), "address_type": "", "address": "", "request_source": "hub", "created_at": THEN,
        }  # fmt: skip
        return self.insert("identities_optin", **(usual | {"identity_id": identity} | fields))
