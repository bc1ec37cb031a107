"""What people say about themselves."""

from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from helpdesk_web.errors import InvalidInput
from helpdesk_web.i18n import LANGUAGES
from helpdesk_web.models import User
from helpdesk_web.services import desk, passwords
from helpdesk_web.services.names import LONGEST_NAME, clean_name

LANGUAGE_NAMES = {"en": "English"}
THEMES = {"system": _l("As the system"), "light": _l("Light"), "dark": _l("Dark")}
ZONES = [SelectChoice("", _l("The desk’s")), *map(SelectChoice, sorted(available_timezones()))]
LANGUAGE_CHOICES = [
    SelectChoice("", _l("The browser’s")),
    *(SelectChoice(code, LANGUAGE_NAMES[code]) for code in LANGUAGES),
]


class Confirm(FlaskForm):
    """A button and nothing else."""


class ProfileForm(FlaskForm):
    """An empty zone or language is the desk's."""

    name = StringField(_l("Name"), [DataRequired(_l("Please tell us your name.")), Length(max=LONGEST_NAME)])
    zone = SelectField(_l("Time zone"), choices=ZONES)
    language = SelectField(_l("Language"), choices=LANGUAGE_CHOICES)
    theme = SelectField(_l("Light or dark"), choices=[SelectChoice(*theme) for theme in THEMES.items()])

    def validate_name(self, field: Field) -> None:
        try:
            field.data = clean_name(field.data)
        except InvalidInput as error:
            raise ValidationError(error.message) from error


class PasswordForm(FlaskForm):
    """Asks for the current password of whoever has one."""

    current = PasswordField(_l("Current password"))
    password = PasswordField(_l("New password"), [DataRequired(_l("Please type a password."))])

    def __init__(self, person: User) -> None:
        super().__init__()
        self.person = person

    def validate_password(self, field: Field) -> None:
        about = (self.person.name, self.person.email, desk.settings().desk_name)
        if objection := passwords.objection(field.data, about=about):
            raise ValidationError(objection)
