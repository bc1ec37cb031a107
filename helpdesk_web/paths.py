"""Where templates, static files and migrations lie: beside the checkout, or inside an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
_bundled = PACKAGE / "_assets"
INSTALLED = _bundled.is_dir()
ASSETS = _bundled if INSTALLED else CHECKOUT

TEMPLATES = ASSETS / "templates"
STATIC = ASSETS / "static"
MIGRATIONS = ASSETS / "migrations"
