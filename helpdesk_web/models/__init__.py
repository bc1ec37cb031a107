"""The nouns. Importing this package makes every table known."""

from helpdesk_web.models.access import LoginSession, Submission, Token
from helpdesk_web.models.attachment import Attachment, Blob, TrackedUpload
from helpdesk_web.models.category import Category
from helpdesk_web.models.desk import Desk, StoredSetting
from helpdesk_web.models.event import AuditEvent, AuditSeal
from helpdesk_web.models.job import Job, JobState
from helpdesk_web.models.organization import Organization, OrganizationDomain
from helpdesk_web.models.rating import Rating
from helpdesk_web.models.reply import Reply
from helpdesk_web.models.tag import Tag, ticket_tag
from helpdesk_web.models.team import Team, team_member
from helpdesk_web.models.ticket import Channel, Ticket, TicketPriority, TicketStatus, Visit, Watcher
from helpdesk_web.models.user import Role, User

__all__ = [
    "Attachment",
    "AuditEvent",
    "AuditSeal",
    "Blob",
    "Category",
    "Channel",
    "Desk",
    "Job",
    "JobState",
    "LoginSession",
    "Organization",
    "OrganizationDomain",
    "Rating",
    "Reply",
    "Role",
    "StoredSetting",
    "Submission",
    "Tag",
    "Team",
    "Ticket",
    "TicketPriority",
    "TicketStatus",
    "Token",
    "TrackedUpload",
    "User",
    "Visit",
    "Watcher",
    "team_member",
    "ticket_tag",
]
