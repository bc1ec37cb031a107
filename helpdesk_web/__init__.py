"""The helpdesk: `create_app()` is its table of contents."""

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from helpdesk_web import config, connections, database, paths
from helpdesk_web.config import Settings

__version__ = "0.1.0"


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """Build the application; `overrides` are settings by name, for programs and tests."""
    from helpdesk_web import access, blueprints, cli, error_pages, extensions, i18n, login, templating, throttle, web
    from helpdesk_web.services import keys

    settings = settings or config.load(**overrides)
    app = Flask("helpdesk_web", template_folder=str(paths.TEMPLATES), static_folder=str(paths.STATIC))
    app.config.update(_flask_settings(settings))
    app.secret_key = keys.secret_key(settings)

    database.db.init_app(app)
    with app.app_context():
        for engine in database.db.engines.values():
            connections.prepare(engine)
    extensions.migrate.init_app(app, database.db, directory=str(paths.MIGRATIONS))
    i18n.bind(app)
    templating.bind(app)
    throttle.bind(app, settings)
    login.bind(app)
    access.bind(app)
    extensions.csrf.init_app(app)  # after the guard: an expired form is shown again to whom may see it
    web.bind(app)
    error_pages.bind(app)
    blueprints.register(app)
    cli.bind(app)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _flask_settings(settings: Settings) -> dict[str, Any]:
    binds = {"read": settings.database_read_url} if settings.database_read_url else {}
    files = int(settings.vault.max_file_mb * settings.vault.max_files * 1024 * 1024)
    return {
        "HELPDESK": settings,
        "SQLALCHEMY_DATABASE_URI": settings.database,
        "SQLALCHEMY_BINDS": binds,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "MAX_CONTENT_LENGTH": min(files, 256 * 1024 * 1024) + 4 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "MAX_FORM_PARTS": 500,
        "TRUSTED_HOSTS": settings.hosts,
        "SESSION_COOKIE_NAME": "__Host-helpdesk_form" if settings.over_tls else "helpdesk_form",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.over_tls,
        "WTF_CSRF_TIME_LIMIT": 8 * 3600,
        "SEND_FILE_MAX_AGE_DEFAULT": 31536000,
    }


def _engine_options(settings: Settings) -> dict[str, Any]:
    size = settings.web_threads + 2
    options: dict[str, Any] = {"pool_size": size, "max_overflow": size}
    if settings.database.startswith("postgresql"):
        # psycopg forgets its prepared statements at a ROLLBACK, so connections go back by COMMIT
        options |= {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    return options
