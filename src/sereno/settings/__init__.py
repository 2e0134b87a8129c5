"""One typed tree of settings, its loader, and the annotated example file."""

from sereno.settings.load import EXAMPLE_NAME, load_settings, overridden
from sereno.settings.model import Settings

__all__ = ["EXAMPLE_NAME", "Settings", "load_settings", "overridden"]
