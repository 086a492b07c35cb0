"""What the dialect answers outside ``/api/``: uploaded files and Prometheus."""

from django.urls import path

from stagebased.api.views.media import StoredFile
from stagebased.api.views.prometheus import prometheus

urlpatterns = [
    path("media/content/<str:name>", StoredFile.as_view(), name="stored-file"),
    path("metrics", prometheus, name="prometheus"),
]
