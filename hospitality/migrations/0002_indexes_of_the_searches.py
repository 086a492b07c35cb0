"""What the host searches look up, in each database's own way.

PostgreSQL: a GiST index on points for boxes and nearest neighbours, patterns
for beginnings of names, trigrams for parts of them. The trigrams need the
extension pg_trgm, which the database's owner may create since PostgreSQL 13;
where that is not allowed, parts of names are found without an index.
"""

import logging

from django.db import migrations, transaction
from django.db.utils import DatabaseError

log = logging.getLogger(__name__)

POSTGRESQL = [
    """CREATE INDEX hospitality_place ON hospitality_member USING gist (point(longitude, latitude))
       WHERE validated AND NOT notcurrentlyavailable AND latitude IS NOT NULL""",
    "CREATE INDEX hospitality_username ON accounts_user (upper(username::text) text_pattern_ops)",
    "CREATE INDEX hospitality_email ON accounts_user (upper(email::text))",
]
TRIGRAMS = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX hospitality_fullname ON hospitality_member USING gin (fullname_key gin_trgm_ops)",
]
SQLITE = ["CREATE INDEX hospitality_place ON hospitality_member (latitude, longitude)"]
NAMES = ["hospitality_place", "hospitality_username", "hospitality_email", "hospitality_fullname"]


def create(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if postgresql else SQLITE:
        schema_editor.execute(statement)
    if postgresql:
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                for statement in TRIGRAMS:
                    schema_editor.execute(statement)
        except DatabaseError as trouble:
            log.warning("parts of names are searched without an index: %s", str(trouble).strip())


def drop(apps, schema_editor):
    for name in NAMES:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("hospitality", "0001_initial"), ("accounts", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
