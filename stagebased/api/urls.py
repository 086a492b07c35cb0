"""The stage-based messaging dialect."""

urlpatterns: list = []
