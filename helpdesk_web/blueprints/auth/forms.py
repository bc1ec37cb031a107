"""What people type to come in. Fields carry the cleaned value once the form is valid."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from helpdesk_web.errors import InvalidInput
from helpdesk_web.forms import Form
from helpdesk_web.services import desk, passwords
from helpdesk_web.services.names import LONGEST_NAME, clean_address, clean_name


class Confirm(Form):
    """A button and nothing else."""


class AddressField(StringField):
    """A mail address, stored as `clean_address` gives it."""

    data: Any

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        if not validation_stopped:
            self.data = _cleaned(clean_address, self.data)


class NameField(StringField):
    """A name, stored as `clean_name` gives it."""

    data: Any

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        if not validation_stopped:
            self.data = _cleaned(clean_name, self.data)


class ZoneField(HiddenField):
    """The browser's guess of its zone; a wrong guess is none."""

    data: Any

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        self.data = self.data if self.data in available_timezones() else None


def an_address() -> AddressField:
    return AddressField(_l("Mail address"), [DataRequired(_l("Please give your mail address.")), Length(max=254)])


def a_name() -> NameField:
    return NameField(_l("Name"), [DataRequired(_l("Please tell us your name.")), Length(max=LONGEST_NAME)])


def a_password(label: str = _l("Password")) -> PasswordField:
    return PasswordField(label, [DataRequired(_l("Please type a password."))])


class SignInForm(Form):
    """Says no more than that the two do not match."""

    email = StringField(_l("Mail address"), [DataRequired(_l("Please give your mail address."))])
    password = a_password()
    next = HiddenField()

    def do_not_match(self) -> None:
        self.password.errors = [_("Address and password do not match. Try again.")]


class AddressForm(Form):
    email = an_address()


class ChoosePassword(Form):
    """A new password, held against the words that belong to its owner."""

    password = a_password(_l("New password"))

    def __init__(self, *args: Any, about: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about = tuple(about)

    def validate_password(self, field: Field) -> None:
        typed = [str(self[name].data or "") for name in ("name", "email", "desk_name") if name in self]
        about = (*self.about, *typed, desk.settings().desk_name)
        if objection := passwords.objection(field.data, about=about):
            raise ValidationError(objection)


class RegistrationForm(ChoosePassword):
    name = a_name()
    email = an_address()
    zone = ZoneField()


class InvitationForm(ChoosePassword):
    name = a_name()
    zone = ZoneField()


class SetupForm(ChoosePassword):
    desk_name = NameField(_l("Name of the desk"), [DataRequired(_l("Please give the desk a name.")), Length(max=80)])
    time_zone = SelectField(_l("Time zone"), choices=[SelectChoice(zone) for zone in sorted(available_timezones())])
    name = a_name()
    email = an_address()


def _cleaned(clean: Any, text: str) -> str:
    try:
        return str(clean(text))
    except InvalidInput as error:
        raise ValidationError(error.message) from error
