"""How is it, and what did we promise? metrics, alert rules, dashboards."""

from sereno.watch.model import (
    ComponentReading,
    Consumer,
    DiskReading,
    FiringAlert,
    HostHistory,
    HostReading,
    Line,
    Overview,
    Point,
    Severity,
    State,
    Thresholds,
    Window,
)
from sereno.watch.service import PrometheusReadings, Readings

__all__ = [
    "ComponentReading",
    "Consumer",
    "DiskReading",
    "FiringAlert",
    "HostHistory",
    "HostReading",
    "Line",
    "Overview",
    "Point",
    "PrometheusReadings",
    "Readings",
    "Severity",
    "State",
    "Thresholds",
    "Window",
]
