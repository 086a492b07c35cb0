"""Boxes and distances on the globe; pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, degrees, hypot, radians, sin, sqrt


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


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two places (latitude, longitude), in degrees (haversine)."""
    lat, lon, lat2, lon2 = map(radians, (*one, *other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return degrees(2 * asin(min(1.0, sqrt(half))))


def around(centre: tuple[float, float], radius: float) -> Box:
    """A box that holds every place within ``radius`` degrees of the centre."""
    lat, lon = centre
    # A hair more than needed, so that rounding loses nobody.
    radius = radius * 1.000001 + 1e-9
    if abs(lat) + radius >= 90:
        return Box(lat - radius, lat + radius, -181, 181)
    half = degrees(asin(min(1.0, sin(radians(radius)) / cos(radians(lat))))) + 1e-9
    return box(lat - radius, lat + radius, lon - half, lon + half)


def flat(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Distance in degrees as if the map were flat; never less than the great-circle distance."""
    return hypot(one[0] - other[0], one[1] - other[1])
