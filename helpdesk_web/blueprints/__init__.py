"""The pages. Blueprints never import each other."""

from importlib import import_module

from flask import Flask

NAMES = ("auth", "profile", "portal", "console", "analytics", "admin", "files", "outbox", "health")


def register(app: Flask) -> None:
    for name in NAMES:
        app.register_blueprint(import_module(f"helpdesk_web.blueprints.{name}").bp)
