"""Lists as files for downloading, written while they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.timezone import now

from sheets.writing import CSV_TYPE, XLSX_TYPE, csv_lines, xlsx_file

FORMATS = ("csv", "xlsx")
#: Rows of a workbook; it is complete only at its end, so somebody waits for it. CSV has no limit.
XLSX_MOST = 50_000


def download(name: str, kind: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> HttpResponseBase:
    """The rows as a file called ``name`` with today's date; ``kind`` is one of ``FORMATS``."""
    file_name = f"{name}-{now():%Y-%m-%d}.{kind}"
    if kind == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv_lines(header, rows), content_type=CSV_TYPE)
        response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    else:
        response = _workbook(file_name, header, iter(rows))
    response["Cache-Control"] = "no-store"
    return response


def _workbook(file_name: str, header: Sequence[str], rows: Iterator[Sequence[str]]) -> HttpResponseBase:
    file = xlsx_file(header, islice(rows, XLSX_MOST))
    if next(rows, None) is not None:
        file.close()
        return HttpResponse(
            f"A workbook takes at most {XLSX_MOST:,} rows: export as CSV.",
            status=400,
            content_type="text/plain",
        )
    return FileResponse(file, as_attachment=True, filename=file_name, content_type=XLSX_TYPE)
