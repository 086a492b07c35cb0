"""Spreadsheets in and out: reading, checking, importing and exporting whole lists.

An app that has lists to offer describes them as a ``Kind`` (``sheets.kinds``)
and is named in ``settings.SHEETS``.
"""
