"""What can go wrong with a spool. Codes are stable; details are for people and hold no message text."""

from __future__ import annotations


class SpoolError(Exception):
    """Something about the spool, with a stable ``code`` and a ``detail`` for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


class Refused(SpoolError):
    """A message that can never go out as it is.

    Codes: ``empty``, ``bad_characters``, ``too_long`` (the text); ``bad_number``;
    ``bad_option`` (a header's value).
    """


class MalformedFile(SpoolError):
    """A file that smsd cannot have written.

    Codes: ``empty``, ``no_blank_line`` (cut off in its headers, or no headers
    at all), ``binary_header``, ``no_headers``, ``bad_report``.
    """


class SpoolUnavailable(SpoolError):
    """The folder takes nothing at the moment, and nothing was put into it.

    Codes: ``disk_full``, ``read_only``, ``no_permission``, ``missing``, ``io_error``.
    """
