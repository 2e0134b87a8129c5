"""The status page's own logo: a small SVG or PNG of the user's, looked at before it is shown to anyone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from sereno.core.errors import SettingsError

KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
MOST_BYTES = 256 * 1024
FOLDER = "own"
"""Below the folder that the desk and Nginx share, and not served by Nginx: where the platform puts it for the desk."""

_PNG = b"\x89PNG\r\n\x1a\n"
_ACTIVE = frozenset({"script", "foreignobject", "iframe", "object", "embed", "audio", "video", "handler", "listener"})
_NEXT = "name an SVG or a PNG of at most 256 KB, as it is exported for the web, in [status_page] logo"


def kind_of(name: str) -> str:
    """The suffix that says what a logo is. Raises SettingsError for a file of another kind."""
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise SettingsError(f"status_page.logo = {name!r} is neither .svg nor .png", next_step=_NEXT)
    return suffix


def read_logo(file: Path) -> bytes:
    """The picture in `file`. Raises SettingsError when it can't be read, is large, or is not just a picture."""
    suffix = kind_of(file.name)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"status_page.logo: {file} cannot be read: {error.strerror}", next_step=_NEXT) from error
    problem = "it is larger than 256 KB" if len(content) > MOST_BYTES else _problem(suffix, content)
    if problem:
        raise SettingsError(f"status_page.logo: {file} is not used: {problem}", next_step=_NEXT)
    return content


def _problem(suffix: str, content: bytes) -> str:
    if suffix == ".png":
        return "" if content.startswith(_PNG) else "it is no PNG"
    if b"<!" in content.replace(b"<!--", b""):
        # Definitions of entities can make a small file enormous; no picture needs them.
        return "it has a document type"
    try:
        root = Xml.fromstring(content)  # noqa: S314 -- without a document type there are no entities to expand.
    except Xml.ParseError as error:
        return f"it is no XML ({error})"
    if _bare(root.tag) != "svg":
        return "it is no SVG"
    for element in root.iter():
        if _bare(element.tag) in _ACTIVE:
            return f"it has a <{_bare(element.tag)}>"
        for name, value in element.attrib.items():
            if _bare(name).startswith("on"):
                return f"it has the attribute {_bare(name)}"
            if _bare(name) == "href" and not value.strip().startswith(("#", "data:image/")):
                return f"it refers to {value[:60]!r}"
    return ""


def _bare(name: object) -> str:
    return name.rpartition("}")[2].lower() if isinstance(name, str) else ""
