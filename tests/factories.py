"""People, categories and tickets for tests, made through the product's own services."""

import hashlib
import itertools
import secrets
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from helpdesk_web import clock, support
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import Category, LoginSession, Organization, Role, Team, Ticket, User
from helpdesk_web.models.types import comparable
from helpdesk_web.services import openings

_numbers = itertools.count(1)


def save(*things: Any) -> Any:
    """Write rows as they are; the last one comes back."""
    with writing():
        db.session.add_all(things)
        commit()
    return things[-1]


def make_user(role: str = "customer", **facts: Any) -> User:
    number = next(_numbers)
    name = facts.pop("name", f"{role.title()} {number}")
    email = facts.pop("email", f"{role}{number}@example.com")
    facts.setdefault("verified_at", clock.now())
    user = User(
        role=Role(role),
        name=name,
        name_key=comparable(name),
        email=email,
        email_key=comparable(email),
        **facts,
    )
    user.audit_seq, user.audit_mac = 0, ""
    return save(user)


def make_team(name: str = "Team", *, members: tuple[User, ...] = (), private: bool = False) -> Team:
    team = Team(name=name, slug=f"team-{next(_numbers)}", is_private=private)
    team.members = list(members)
    return save(team)


def make_organization(name: str = "Org", **facts: Any) -> Organization:
    return save(Organization(name=name, name_key=comparable(name), **facts))


def make_category(name: str = "General", **facts: Any) -> Category:
    team = facts.pop("team", None)
    builder = support.config_category().name(name)
    for fact, value in facts.items():
        builder = getattr(builder, fact)(value)
    category = builder.create()
    if team is not None:
        with writing():
            category.team_id = team.id
            commit()
    return category


def make_ticket(customer: User | None = None, **facts: Any) -> Ticket:
    """Open a ticket; the hourly rule does not stop tests that need many."""
    customer = customer or make_user()
    category = facts.pop("category", None) or first_category()
    asked = openings.request(
        customer_id=customer.id,
        author_id=facts.pop("author_id", customer.id),
        category=category,
        subject=facts.pop("subject", "Printer is on fire"),
        description=facts.pop("description", "It burns with a steady flame."),
        **facts,
    )
    with writing():
        unlimited, openings.rate_limiter.enforce = openings.rate_limiter.enforce, lambda _customer: None
        try:
            ticket = openings.open_ticket(asked)
        finally:
            openings.rate_limiter.enforce = unlimited
        commit()
    return ticket


def first_category() -> Category:
    found = support.categories()
    return found[0] if found else make_category()


def browser(app: Flask, user: User | None = None) -> FlaskClient:
    client = app.test_client()
    if user is not None:
        client.set_cookie("helpdesk_session", session_of(user), domain="localhost")
    return client


def session_of(user: User) -> str:
    """Sign somebody in; the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    save(LoginSession(user_id=user.id, secret_hash=digest, last_seen_at=clock.now(), created_at=clock.now()))
    return secret
