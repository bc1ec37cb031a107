"""What admins say about people."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from helpdesk_web.forms import Form
from helpdesk_web.models import Role
from helpdesk_web.services.names import LONGEST_NAME

ROLE_NAMES = {
    Role.CUSTOMER: _l("Customer"),
    Role.AGENT: _l("Agent"),
    Role.SUPERVISOR: _l("Supervisor"),
    Role.ADMIN: _l("Admin"),
}


class Confirm(Form):
    """A button and nothing else."""


class RoleForm(Form):
    role = SelectField(_l("Role"), choices=[SelectChoice(role.value, name) for role, name in ROLE_NAMES.items()])


class InvitationForm(Form):
    """Only staff are invited; customers register."""

    email = StringField(_l("Mail address"), [DataRequired(_l("Please give the mail address.")), Length(max=254)])
    name = StringField(_l("Name"), [Length(max=LONGEST_NAME)])
    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role.value, name) for role, name in ROLE_NAMES.items() if role != Role.CUSTOMER],
        default=Role.AGENT.value,
    )
