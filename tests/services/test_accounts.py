"""Who gets an account, who proves an address, and who may change whom."""

import threading
from contextlib import suppress

import pytest
from sqlalchemy import select

from helpdesk_web.database import commit, db, writing
from helpdesk_web.errors import InvalidInput, NotAllowed
from helpdesk_web.models import AuditEvent, Job, Role, Ticket, User
from helpdesk_web.permissions import visible_tickets
from helpdesk_web.services import accounts, desk, invitations, passwords, recovery, registration, sessions
from helpdesk_web.services.tokens import DeadLink, Purpose
from tests import factories

pytestmark = pytest.mark.both


def done(verb, *args, **facts):
    """One service call, committed."""
    with writing():
        result = verb(*args, **facts)
        commit()
    return result


def mails(user, template):
    db.session.rollback()
    jobs = select(Job).where(Job.account_id == user.id, Job.template == template).order_by(Job.id)
    return [job.args.get("link", "") for job in db.session.scalars(jobs)]


def secret_of(link):
    return link.rpartition("/")[2]


def registered(address="alice@cust-a.example", password="mallory knows this", name="Alice"):
    done(registration.register, address, name=name, password_hash=passwords.hash_password(password))
    return accounts.find(address)


def events(user):
    db.session.rollback()
    stream = select(AuditEvent.event).where(AuditEvent.stream == user.audit_stream).order_by(AuditEvent.seq)
    return list(db.session.scalars(stream))


# -- registration --------------------------------------------------------------------------------------------


def test_a_new_account_is_not_verified_and_gets_a_link(app):
    user = registered()

    assert not user.is_verified
    assert user.role == Role.CUSTOMER
    assert len(mails(user, "verify")) == 1
    assert events(user) == ["account.registered"]


def test_personal_values_stay_out_of_the_facts_of_the_audit(app):
    user = registered()

    event = db.session.scalars(select(AuditEvent).where(AuditEvent.stream == user.audit_stream)).one()

    assert "alice" not in str(event.facts)
    assert event.private["email"] == "alice@cust-a.example"


def test_registering_again_changes_nothing_and_tells_the_owner(app):
    user = registered()
    link = mails(user, "verify")[0]
    done(
        registration.verify,
        secret_of(link),
        viewer_id=None,
        password_hash=passwords.hash_password("alice alone"),
    )
    before = accounts.find(user.email).password_hash

    registered("ALICE@cust-a.example", password="another password")
    registered(password="and another one")

    assert accounts.find(user.email).password_hash == before
    assert len(mails(user, "already_registered")) == 1  # one an hour


def test_a_desk_by_invitation_registers_nobody(app):
    done(desk.change, "registration", "invited", by=None)

    with pytest.raises(NotAllowed):
        registered()


def test_at_most_three_verification_links_leave_within_an_hour(app, clock):
    for _ in range(6):
        user = registered()
    assert len(mails(user, "verify")) == 3

    clock.tick(minutes=61)
    registered()

    assert len(mails(user, "verify")) == 4


@pytest.mark.parametrize(
    "address",
    ["", "alice", "alice@", "a@b@c.example", "al\0ice@x.example", "ａlice@x.example", "<a@x.example>"],
)
def test_what_is_no_address_is_refused(app, address):
    with pytest.raises(InvalidInput):
        accounts.clean_address(address)


def test_a_look_alike_address_is_another_account(app):
    registered("alice@cust-a.example")
    twin = registered("аlice@cust-a.example")

    assert twin.id != accounts.find("alice@cust-a.example").id
    assert accounts.find("ALICE@Cust-A.example").id != twin.id


def test_signs_that_turn_the_text_around_a_name_are_taken_out(app):
    user = registered(name="  Eve\u202e\u2066  (verified)\x07 ")

    assert user.name == "Eve (verified)"


def test_twenty_who_register_one_address_at_once_make_one_account(own_app):
    start = threading.Barrier(8)

    def register():
        with own_app.app_context():
            start.wait()
            registered()

    threads = [threading.Thread(target=register) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(db.session.scalars(select(User)).all()) == 1


# -- verification: a password someone else had set dies ------------------------------------------------------


def test_who_registered_a_strangers_address_is_locked_out_when_its_owner_verifies(app):
    user = registered(password="mallory knows this")
    mallorys = done(sessions.begin, user)

    new_hash = passwords.hash_password("alice alone knows")
    done(registration.verify, secret_of(mails(user, "verify")[0]), viewer_id=None, password_hash=new_hash)

    assert sessions.find(mallorys) is None
    stored = accounts.find(user.email).password_hash
    assert not passwords.matches(stored, "mallory knows this")
    assert passwords.matches(stored, "alice alone knows")


def test_who_is_signed_in_as_the_account_verifies_and_keeps_the_password(app):
    user = registered(password="my own password")
    mine = done(sessions.begin, user)

    done(registration.verify, secret_of(mails(user, "verify")[0]), viewer_id=user.id, password_hash=None)

    assert sessions.find(mine).user.is_verified
    assert passwords.matches(accounts.find(user.email).password_hash, "my own password")


def test_verifying_without_a_new_password_uses_nothing_up(app):
    user = registered()
    secret = secret_of(mails(user, "verify")[0])
    with pytest.raises(InvalidInput):
        done(registration.verify, secret, viewer_id=None, password_hash=None)

    assert registration.look(secret).id == user.id


def test_a_reset_proves_the_address_too_and_ends_what_a_stranger_began(app):
    user = registered(password="mallory knows this")
    mallorys = done(sessions.begin, user)
    done(recovery.mail_link, user.email, Purpose.RESET)

    new_hash = passwords.hash_password("alice alone knows")
    done(recovery.reset_password, secret_of(mails(user, "reset")[0]), new_hash)

    assert accounts.find(user.email).is_verified
    assert sessions.find(mallorys) is None
    assert not passwords.matches(accounts.find(user.email).password_hash, "mallory knows this")
    with pytest.raises(DeadLink):
        registration.look(secret_of(mails(user, "verify")[0]))


def test_a_sign_in_link_to_an_unproven_address_is_a_verification(app):
    user = registered()
    done(recovery.mail_link, user.email, Purpose.SIGNIN)

    assert len(mails(user, "signin")) == 0
    assert len(mails(user, "verify")) == 2


def test_an_unverified_account_sees_only_what_it_asked_itself(app, agent):
    user = registered()
    own = factories.make_ticket(user)
    by_phone = factories.make_ticket(user, author_id=agent.id)

    def seen():
        db.session.rollback()
        return set(db.session.scalars(select(Ticket.id).where(visible_tickets(accounts.find(user.email)))))

    assert seen() == {own.id}
    done(accounts.confirm_address, user, by=None)
    assert seen() == {own.id, by_phone.id}


# -- new passwords -------------------------------------------------------------------------------------------


def test_a_reset_link_dies_with_a_newer_one_a_password_change_and_an_end_of_the_account(app, customer):
    done(recovery.mail_link, customer.email, Purpose.RESET)
    done(recovery.mail_link, customer.email, Purpose.RESET)
    older, newer = map(secret_of, mails(customer, "reset"))
    with pytest.raises(DeadLink):
        recovery.look(older)
    assert recovery.look(newer).id == customer.id

    session_id = sessions.find(done(sessions.begin, customer)).session_id
    done(
        recovery.change_password,
        customer,
        passwords.hash_password("x" * 9),
        seen_hash=None,
        session_id=session_id,
    )
    with pytest.raises(DeadLink):
        recovery.look(newer)

    done(recovery.mail_link, customer.email, Purpose.RESET)
    done(accounts.deactivate, customer, by=None)
    with pytest.raises(DeadLink):
        recovery.look(secret_of(mails(customer, "reset")[-1]))


def test_at_most_three_reset_mails_leave_within_an_hour(app, customer, clock):
    for _ in range(100):
        done(recovery.mail_link, customer.email, Purpose.RESET)
    assert len(mails(customer, "reset")) == 3
    assert recovery.look(secret_of(mails(customer, "reset")[-1])).id == customer.id


def test_asking_for_a_link_writes_the_same_for_known_and_unknown_addresses(app, customer):
    done(recovery.request_reset, customer.email)
    done(recovery.request_reset, "nobody@example.com")

    jobs = db.session.scalars(select(Job).where(Job.kind == recovery.MAIL_LINK).order_by(Job.id)).all()
    assert [job.args["address"] for job in jobs] == [customer.email, "nobody@example.com"]
    assert mails(customer, "reset") == []


def test_a_link_for_nobody_is_no_mail(app):
    done(recovery.mail_link, "nobody@example.com", Purpose.RESET)

    assert db.session.scalars(select(Job)).all() == []


def test_a_changed_password_renews_this_session_ends_the_others_and_is_told(app, make_user):
    user = make_user(password_hash=passwords.hash_password("the old one"))
    here, there = done(sessions.begin, user), done(sessions.begin, user)

    renewed = done(
        recovery.change_password,
        user,
        passwords.hash_password("the new one"),
        seen_hash=user.password_hash,
        session_id=sessions.find(here).session_id,
    )

    assert sessions.find(here) is None
    assert sessions.find(there) is None
    assert sessions.find(renewed).user.id == user.id
    assert len(mails(user, "password_changed")) == 1


def test_a_password_that_was_changed_meanwhile_is_not_overwritten(app, make_user):
    user = make_user(password_hash=passwords.hash_password("the old one"))
    secret = done(sessions.begin, user)

    assert (
        done(
            recovery.change_password,
            user,
            passwords.hash_password("the new one"),
            seen_hash="what it was before",
            session_id=sessions.find(secret).session_id,
        )
        is None
    )


def test_nobody_signs_in_with_a_password_that_was_replaced_while_it_was_checked(app, make_user):
    user = make_user(password_hash=passwords.hash_password("the old one"))

    assert done(accounts.sign_in, user.id, seen_hash="another", user_agent="", address="") is None


# -- passwords -----------------------------------------------------------------------------------------------


def test_a_stored_hash_is_no_password(app):
    stored = passwords.hash_password("correct horse")

    assert passwords.matches(stored, "correct horse")
    assert not passwords.matches(stored, stored)
    assert not passwords.matches(None, "")
    assert not passwords.matches("", "")


def test_the_product_hashes_with_argon2id_at_the_promised_cost(app):
    app.config["PASSWORD_COST"] = "real"

    stored = passwords.hash_password("correct horse")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(stored)
    app.config["PASSWORD_COST"] = "cheap"
    assert passwords.is_outdated(stored)


def test_at_most_two_passwords_are_hashed_at_once(app, monkeypatch):
    running, most, lock = [], [], threading.Lock()

    class Slow:
        def hash(self, _password):
            with lock:
                running.append(1)
                most.append(len(running))
            threading.Event().wait(0.02)
            with lock:
                running.pop()
            return "hash"

    monkeypatch.setattr(passwords, "_hasher", Slow)
    threads = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 2


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password",
        "Password1",
        "12345678",
        "aaaaaaaaaaaa",
        "iloveyou",
        "alice.smith",
        "AliceSmith1",
        "x" * 1025,
    ],
)
def test_passwords_that_everybody_tries_first_are_refused(app, password):
    assert passwords.objection(password, about=("Alice Smith", "alice.smith@cust-a.example", "Larkspur Support"))


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "пароль мой собственный", "helpdesk-demo", "ünïcödé!", "x y z " * 100],
)
def test_other_passwords_are_taken_as_typed(app, password):
    assert passwords.objection(password, about=("Alice Smith", "alice@cust-a.example", "Support")) is None
    assert passwords.matches(passwords.hash_password(password), password)


# -- staff ---------------------------------------------------------------------------------------------------


def test_an_invited_person_has_no_rights_until_they_accept(app, make_user):
    admin = make_user("admin")
    link = done(invitations.invite, "ana@example.com", Role.AGENT, by=admin)
    assert accounts.find("ana@example.com").role == Role.CUSTOMER
    assert mails(accounts.find("ana@example.com"), "invite") == [link]

    user = done(invitations.accept, secret_of(link), name="Ana", password_hash="hash")

    assert (user.role, user.is_verified, user.name) == (Role.AGENT, True, "Ana")
    with pytest.raises(DeadLink):
        invitations.look(secret_of(link))


def test_nobody_invites_above_their_own_rank_and_customers_are_not_invited(app, make_user):
    supervisor = make_user("supervisor")
    for role in (Role.ADMIN, Role.CUSTOMER):
        with pytest.raises(NotAllowed):
            done(invitations.invite, "ana@example.com", role, by=supervisor)


@pytest.mark.parametrize("fate", ["demoted", "deactivated"])
def test_an_invitation_is_worth_no_more_than_its_writer(app, make_user, fate):
    admin, other = make_user("admin"), make_user("admin")
    link = done(invitations.invite, "ana@example.com", Role.SUPERVISOR, by=admin)
    if fate == "demoted":
        done(accounts.change_role, admin, Role.AGENT, by=other)
    else:
        done(accounts.deactivate, admin, by=other)

    with pytest.raises(DeadLink):
        done(invitations.accept, secret_of(link), name="Ana", password_hash="hash")
    assert accounts.find("ana@example.com").role == Role.CUSTOMER


def test_a_customer_who_accepts_an_invitation_loses_the_old_password_and_sessions(app, make_user):
    user = registered("ana@example.com")
    old = done(sessions.begin, user)
    link = done(invitations.invite, "ana@example.com", Role.AGENT, by=make_user("admin"))

    done(invitations.accept, secret_of(link), name="Ana", password_hash="hash")

    assert sessions.find(old) is None


def test_a_withdrawn_invitation_is_dead(app, make_user):
    admin = make_user("admin")
    link = done(invitations.invite, "ana@example.com", Role.AGENT, by=admin)
    assert [pending.email for pending in invitations.pending()] == ["ana@example.com"]
    done(invitations.withdraw, accounts.find("ana@example.com"), by=admin)

    assert invitations.pending() == []
    with pytest.raises(DeadLink):
        invitations.look(secret_of(link))


def test_a_changed_role_ends_every_session(app, make_user):
    admin, agent = make_user("admin"), make_user("agent")
    secret = done(sessions.begin, agent)

    done(accounts.change_role, agent, Role.SUPERVISOR, by=admin)

    assert sessions.find(secret) is None
    assert accounts.find(agent.email).role == Role.SUPERVISOR
    assert events(agent) == ["account.role_changed"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR])
def test_nobody_raises_above_or_touches_a_rank_higher_than_their_own(app, make_user, role):
    agent, admin = make_user("agent"), make_user("admin")
    make_user("admin")
    for person in (agent, admin):
        with pytest.raises(NotAllowed):
            done(accounts.change_role, person, role, by=agent)
    for verb in (
        accounts.deactivate,
        accounts.signin_link,
        accounts.sign_out_everywhere,
        accounts.confirm_address,
    ):
        with pytest.raises(NotAllowed):
            done(verb, admin, by=agent)


def test_the_last_admin_stays(app, make_user):
    admin = make_user("admin")
    make_user("admin", active=False)
    for verb in (
        lambda: done(accounts.change_role, admin, Role.AGENT, by=admin),
        lambda: done(accounts.deactivate, admin, by=admin),
    ):
        with pytest.raises(NotAllowed):
            verb()

    assert accounts.find(admin.email).is_admin


def test_two_admins_who_remove_each_other_at_once_leave_one(own_app):
    first, second = factories.make_user("admin"), factories.make_user("admin")
    start = threading.Barrier(2)

    def remove(whom, by):
        with own_app.app_context():
            start.wait()
            with suppress(NotAllowed):
                done(accounts.deactivate, db.session.get(User, whom), by=db.session.get(User, by))

    threads = [threading.Thread(target=remove, args=pair) for pair in ((first.id, second.id), (second.id, first.id))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    db.session.rollback()
    assert len(db.session.scalars(select(User).where(User.active)).all()) == 1


def test_a_deactivated_account_loses_sessions_and_links_and_can_come_back(app, customer):
    secret = done(sessions.begin, customer)
    link = done(accounts.signin_link, customer)
    done(accounts.deactivate, customer, by=None)

    assert sessions.find(secret) is None
    with pytest.raises(DeadLink):
        recovery.look_signin(secret_of(link))

    done(accounts.reactivate, customer, by=None)
    assert accounts.find(customer.email).active


def test_staff_find_or_make_the_customer_they_write_for(app, agent):
    made = done(accounts.find_or_create_customer, "New.Person@example.com", "New Person", by=agent)
    again = done(accounts.find_or_create_customer, "new.person@EXAMPLE.com", "Somebody Else", by=agent)

    assert again.id == made.id
    assert (again.name, again.is_verified, again.password_hash) == ("New Person", False, None)
    assert events(made) == ["account.created"]


# -- the first admin -----------------------------------------------------------------------------------------


def test_the_set_up_link_makes_one_admin_and_then_no_more(app):
    link, other = done(invitations.setup_link), None
    user = done(
        invitations.set_up,
        secret_of(link),
        "ada@example.com",
        name="Ada",
        password_hash="hash",
        about_desk={"desk_name": "Larkspur", "time_zone": "Europe/Berlin"},
    )

    assert (user.role, user.is_verified) == (Role.ADMIN, True)
    assert desk.settings().desk_name == "Larkspur"
    assert done(invitations.setup_link) is other
    with pytest.raises(DeadLink):
        invitations.look_setup(secret_of(link))


def test_a_set_up_link_is_worthless_once_an_admin_came_in_another_way(app):
    link = done(invitations.setup_link)
    done(accounts.create_user, "ada@example.com", role=Role.ADMIN)

    with pytest.raises(DeadLink):
        invitations.look_setup(secret_of(link))


def test_a_commanded_account_can_be_made_once(app):
    user = done(accounts.create_user, "ada@example.com", role=Role.ADMIN, password_hash="hash", name="Ada")

    assert user.is_verified
    with pytest.raises(InvalidInput):
        done(accounts.create_user, "ADA@example.com")
