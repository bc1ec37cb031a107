"""What forms of several blueprints share: safe fields, uploads, and how a service's refusal reaches its field."""

import secrets
from collections.abc import Sequence
from typing import Any

from flask import g, request
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import HiddenField, IntegerField
from wtforms.validators import Optional

from helpdesk_web import throttle
from helpdesk_web.errors import SupportError
from helpdesk_web.login import person
from helpdesk_web.markup import render_markdown
from helpdesk_web.services import texts, vault


class Form(FlaskForm):
    """A form whose refusals say where."""

    def refuse(self, error: SupportError) -> None:
        """Put a service's sentence beside the field it names, or above the form."""
        field = self._fields.get(getattr(error, "field", None) or "")
        target = field.errors if field is not None else self.form_errors
        if isinstance(target, tuple):
            target = list(target)
        target.append(error.message)
        if field is not None:
            field.errors = target

    def csrf_expired(self) -> bool:
        """Whether this request came without a living form token."""
        return bool(g.get("csrf_failed"))


class SubmissionField(HiddenField):
    """A random key that makes a form count once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default=lambda: secrets.token_urlsafe(18), **kwargs)


class SeenField(IntegerField):
    """The id of the last message the writer was shown; absent or odd: no check."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[Optional()], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0] if valuelist else ""
        self.data = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


class FilesField(MultipleFileField):
    """Uploaded files; an empty file input sends one nameless file, which is none."""

    @property
    def uploads(self) -> list[FileStorage]:
        return [file for file in self.data or [] if isinstance(file, FileStorage) and file.filename]

    def stored(self) -> Sequence[vault.StoredFile]:
        """Write the files to the store, before the write lock is taken; refused ones raise."""
        return vault.store_all(self.uploads, person())


def wants_preview() -> bool:
    """Whether the form was sent with its Preview button."""
    return request.form.get("preview") == "1"


def previewed(text: str | None) -> str:
    """Render what was typed so far; bounded, because rendering is the dearest thing a customer can ask for."""
    throttle.hit(throttle.PREVIEW_LIMIT)
    return render_markdown((text or "")[: texts.MAX_MESSAGE])
