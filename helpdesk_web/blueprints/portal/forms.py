"""The customers' forms."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Optional

from helpdesk_web.forms import FilesField, Form, SeenField, SubmissionField
from helpdesk_web.labels import priority_words
from helpdesk_web.models import TicketPriority
from helpdesk_web.services import categories, desk, texts
from helpdesk_web.services.replies import Message


class RequestForm(Form):
    subject = StringField(validators=[DataRequired(_l("Please fill this in."))])
    description = TextAreaField(validators=[DataRequired(_l("Please write something."))])
    category_id = SelectField(coerce=str, validators=[DataRequired(_l("Please choose what it is about."))])
    priority = SelectField(coerce=str, validators=[Optional()])
    files = FilesField()
    submission = SubmissionField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = categories.listed()
        self.category_id.choices = [(str(category.id), category.name) for category in listed]
        if len(listed) > 1:
            self.category_id.choices.insert(0, ("", _("Please choose")))
        self._offer_priorities()

    def _offer_priorities(self) -> None:
        wanted = desk.settings()
        if not wanted.customer_priorities:
            del self.priority
            return
        words = priority_words()
        self.priority.choices = [(name, words[TicketPriority(name)]) for name in wanted.customer_priorities]
        if self.priority.data is None:
            offered = wanted.default_priority in wanted.customer_priorities
            self.priority.data = wanted.default_priority if offered else wanted.customer_priorities[0]


class ReplyForm(Form):
    message = TextAreaField()
    files = FilesField()
    submission = SubmissionField()
    seen = SeenField()

    def said(self) -> Message | None:
        """The message as it can be stored, None when nothing was typed."""
        if not (self.message.data or "").strip():
            return None
        body = texts.body(self.message.data)
        return Message(body, self.files.stored(), self.submission.data)


class ActionForm(Form):
    """A button alone."""


class RatingForm(Form):
    score = RadioField(coerce=str, choices=[(str(n), str(n)) for n in range(1, 6)], validators=[InputRequired()])
    comment = TextAreaField()
