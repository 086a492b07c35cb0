"""What the dialect answers outside ``/api/``: uploaded files."""

from django.urls import path

from stagebased.api.views.media import StoredFile

urlpatterns = [path("media/content/<str:name>", StoredFile.as_view(), name="stored-file")]
