"""The Flask extensions, made once and bound in `create_app()`."""

from ipaddress import IPv6Address, ip_network

from flask import request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect


def client_network() -> str:
    """The client's address as limits count it: of IPv6 the /64, which one customer owns whole."""
    address = request.remote_addr or "unknown"
    if ":" not in address:
        return address
    try:
        return str(ip_network((IPv6Address(address.partition("%")[0]), 64), strict=False))
    except ValueError:
        return address


babel = Babel()
csrf = CSRFProtect()
limiter = Limiter(client_network)
login_manager = LoginManager()
migrate = Migrate(render_as_batch=True)
