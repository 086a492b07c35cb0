"""The triggers in the database that write the audit log.

Operations, the admin site, bulk statements and raw SQL all pass by them, so
nothing that is on record depends on somebody having thought of it. They are
made by ``migrate``, after the migrations, from what the apps declare.
"""

from audit.triggers.installing import install, remove

__all__ = ["install", "remove"]
