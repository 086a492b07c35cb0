import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Counters and verified passwords live in the cache, which outlasts a test."""
    cache.clear()
    yield
    cache.clear()
