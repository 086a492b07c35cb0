"""Turns due slots into deliveries, in batches that each commit whole."""

from stagebased.planner.run import Planned, plan

__all__ = ["Planned", "plan"]
