"""What requests are about."""

import re
import unicodedata

from flask_babel import gettext as _
from sqlalchemy import func, select

from helpdesk_web.database import db
from helpdesk_web.errors import CategoryNotFound, InvalidInput
from helpdesk_web.models import Category, Desk, User
from helpdesk_web.services import audit, texts

MAX_SLUG = 80
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def find(category: Category | int | str | None, *, active_only: bool = False) -> Category:
    """Return the category by itself, id or slug; CategoryNotFound otherwise."""
    if isinstance(category, str) and not (category.isdecimal() and len(category) < 10):
        known = len(category) <= MAX_SLUG and "\x00" not in category
        found = db.session.scalar(select(Category).where(Category.slug == category)) if known else None
    else:
        number = category.id if isinstance(category, Category) else int(category or 0)
        found = db.session.get(Category, number) if 0 < number < 2**31 else None
    if found is None or (active_only and not found.is_active):
        raise CategoryNotFound
    return found


def listed(*, active: bool | None = True) -> list[Category]:
    """Return categories in display order; `active=None` means all."""
    query = select(Category).order_by(Category.display_order, Category.id)
    if active is not None:
        query = query.where(Category.is_active.is_(active))
    return list(db.session.scalars(query))


def create(
    *,
    name: str,
    slug: str | None = None,
    description: str = "",
    is_active: bool = True,
    order: int | None = None,
    by: User | int | None = None,
) -> Category:
    """Add a category. A slug made from the name gives way (`-2`); a given one that is taken is an error."""
    name = texts.one_line(name, field="name", limit=80)
    desk = db.session.scalars(select(Desk).with_for_update()).one()
    if slug is None:
        slug = _free_slug(slug_of(name))
    elif slug != slug_of(slug) or _taken(slug):
        raise InvalidInput(_("That short name is taken or not allowed."), "slug")
    if order is None:
        order = (db.session.scalar(select(func.max(Category.display_order))) or 0) + 1
    category = Category(
        name=name,
        slug=slug,
        description=texts.many_lines(description, field="description", limit=2000, required=False),
        is_active=is_active,
        display_order=order,
    )
    db.session.add(category)
    db.session.flush()
    audit.record(desk, by, "category.created", {"category": category.id, "name": name})
    db.session.flush()
    return category


def slug_of(name: str) -> str:
    """Return the name as it can stand in an address; names in other scripts keep a neutral word."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_SLUG.sub("-", plain).strip("-")[:MAX_SLUG] or "category"


def _free_slug(slug: str) -> str:
    number, free = 1, slug
    while _taken(free):
        number += 1
        free = f"{slug}-{number}"
    return free


def _taken(slug: str) -> bool:
    return db.session.scalar(select(Category.id).where(Category.slug == slug)) is not None
