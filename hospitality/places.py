"""Boxes and distances on the globe; pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, degrees, sqrt


@dataclass(frozen=True)
class Box:
    """Open ranges of latitude and longitude in degrees.

    ``minlon > maxlon`` is a box that crosses the date line.
    """

    minlat: float
    maxlat: float
    minlon: float
    maxlon: float

    @property
    def crosses_date_line(self) -> bool:
        return self.minlon > self.maxlon

    @property
    def centre(self) -> tuple[float, float]:
        """Latitude and longitude of the middle."""
        east = self.maxlon + (360 if self.crosses_date_line else 0)
        return (self.minlat + self.maxlat) / 2, wrapped((self.minlon + east) / 2)


def box(minlat: float, maxlat: float, minlon: float, maxlon: float) -> Box:
    """A box of what a map shows, which may have been turned past the date line."""
    if maxlon - minlon >= 360:
        # One further than any longitude there is: ranges are open.
        return Box(minlat, maxlat, -181, 181)
    return Box(minlat, maxlat, wrapped(minlon), wrapped(maxlon))


def wrapped(longitude: float) -> float:
    """The same meridian between -180 and 180."""
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def degrees_of(haversine: float) -> float:
    """The arc of a great circle with that haversine, in degrees."""
    return degrees(2 * asin(min(1.0, sqrt(haversine))))
