"""What is noted about log-ins of apps, as long as it counts."""

from accounts.retention import register, rows
from hospitality.models import FailedLogin
from hospitality.operations.visits import ACCOUNT_WINDOW

register(
    rows(
        "failed-logins",
        "failed log-ins that count no more",
        days=lambda: ACCOUNT_WINDOW.total_seconds() / 86_400,
        old=lambda moment: FailedLogin.objects.filter(at__lt=moment),
    )
)
