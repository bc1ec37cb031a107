"""Stands in for the mailbox and the worker."""

import pytest
from sqlalchemy import select

from helpdesk_web import jobs
from helpdesk_web.database import db
from helpdesk_web.models import Job
from helpdesk_web.services import accounts, passwords
from tests import factories

PASSWORD = "correct horse battery"
ORIGIN = "http://localhost"


def try_to_sign_in(app, email, password=PASSWORD, *, by="127.0.0.1", **form):
    """Return what the sign-in page answers to a browser that comes for the first time."""
    data = {"email": email, "password": password, **form}
    return app.test_client().post("/login", data=data, environ_base={"REMOTE_ADDR": by})


@pytest.fixture
def links(app):
    """Return the links mailed to an address so far, oldest first; used and replaced ones are empty."""

    def of(address, template):
        jobs.run_due()
        db.session.expire_all()
        user = accounts.find(address)
        mails = select(Job).where(Job.account_id == user.id, Job.template == template).order_by(Job.id)
        return [job.args.get("link", "").removeprefix(ORIGIN) for job in db.session.scalars(mails)]

    return of


@pytest.fixture
def make_member(app):
    """Return a person who signs in with PASSWORD."""

    def make(role="customer", **facts):
        return factories.make_user(role, password_hash=passwords.hash_password(PASSWORD), **facts)

    return make


@pytest.fixture
def sign_in(app):
    """Return a browser that went through the sign-in page."""

    def through_the_page(email, password=PASSWORD, **form):
        browser = app.test_client()
        answer = browser.post("/login", data={"email": email, "password": password, **form})
        assert answer.status_code == 303, answer.text
        return browser

    return through_the_page
