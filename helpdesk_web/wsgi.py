"""The WSGI application: `helpdesk_web.wsgi:app`, for any WSGI server, in a checkout and from a wheel."""

from helpdesk_web import create_app

app = create_app()
