"""Templates of pages and pictures, such as HTML and SVG (Jinja)."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def markup(package: str, folder: str = "templates") -> Environment:
    """The templates in a folder of a package.

    Whatever is put in is escaped: names, and what callers have said. A name that is not known is
    an error.
    """
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
