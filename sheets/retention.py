"""How long it can be seen what an import brought and refused."""

from accounts.retention import register, rows
from sheets.operations import old_imports

IMPORT_KEPT = 30

register(rows("imports", "imports that came to an end", days=lambda: IMPORT_KEPT, old=old_imports))
