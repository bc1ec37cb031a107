"""The agents' forms."""

from typing import Any

from flask_babel import gettext as _
from wtforms import EmailField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from helpdesk_web.errors import SupportError
from helpdesk_web.forms import FilesField, Form, SeenField, SubmissionField
from helpdesk_web.labels import channel_words, priority_words
from helpdesk_web.models import Channel, TicketPriority
from helpdesk_web.services import categories, desk

THEN = ("", "pending", "resolved", "closed")


YES = {"true", "1", "on", "y", "yes"}


def _yes_or_no(text: object) -> str:
    """Read every spelling of yes, so that a note never leaves as an answer; what is neither is refused."""
    word = str(text).lower()
    return "true" if word in YES else "false" if word in ("false", "0", "off", "n", "no") else word


class ReplyForm(Form):
    """An answer or a note; `then` says what comes next, `agent_id` who has the ticket from now on."""

    message = TextAreaField()
    is_internal = RadioField(
        choices=[("false", ""), ("true", "")], default="false", coerce=_yes_or_no, validators=[Optional()]
    )
    then = StringField()
    agent_id = HiddenField()
    files = FilesField()
    submission = SubmissionField()
    seen = SeenField()

    @property
    def internal(self) -> bool:
        return bool(self.is_internal.data == "true")


class ChangeForm(Form):
    """One property of a ticket; `was` is the value its form showed, absent: no check."""

    was = StringField()


class StatusForm(ChangeForm):
    status = StringField()


class AssignmentForm(ChangeForm):
    agent_id = StringField()


class PriorityForm(ChangeForm):
    priority = StringField()


class CategoryForm(ChangeForm):
    category_id = StringField()


class TicketForm(Form):
    """A ticket for somebody who called, wrote or stood at the desk."""

    email = EmailField()
    name = StringField()
    subject = StringField()
    description = TextAreaField()
    category_id = SelectField(coerce=str)
    priority = SelectField(coerce=str)
    channel = SelectField(coerce=str)
    files = FilesField()
    submission = SubmissionField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [(str(one.id), one.name) for one in categories.listed()]
        self.category_id.choices = listed if len(listed) == 1 else [("", _("Please choose")), *listed]
        words = priority_words()
        self.priority.choices = [(priority.value, words[priority]) for priority in TicketPriority]
        self.priority.data = self.priority.data or desk.settings().default_priority
        channels = channel_words()
        self.channel.choices = [(name.value, channels[name]) for name in (Channel.PHONE, Channel.EMAIL, Channel.WEB)]
        self.channel.data = self.channel.data or Channel.PHONE.value

    def refuse(self, error: SupportError) -> None:
        """Say all that is missing at once."""
        super().refuse(error)
        for field in (self.email, self.subject, self.description):
            if not field.errors and not (field.data or "").strip():
                field.errors = [_("Please fill this in.")]
