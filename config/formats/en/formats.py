"""Dates and times on pages: short, with the day before the month's name, by the 24-hour clock.

The spaces within a date do not break: a narrow column breaks before the time.
"""

DATE_FORMAT = "j\xa0M\xa0Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j\xa0M\xa0Y, H:i"
SHORT_DATE_FORMAT = "j\xa0M\xa0Y"
SHORT_DATETIME_FORMAT = "j\xa0M\xa0Y, H:i"
