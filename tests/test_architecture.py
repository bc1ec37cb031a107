"""The arrows of the house: imports run downhill, the world changes at the edges only."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "helpdesk_web"
TEMPLATES = PACKAGE.parent / "templates"

# layer: what it may not import. The one uphill import is models/ticket.py's `support`, in method bodies.
FORBIDDEN = {
    "models": ("services", "queries", "blueprints", "jobs", "cli", "support", "permissions", "web"),
    "queries": ("blueprints", "jobs", "cli", "support", "web"),
    "services": ("blueprints", "jobs", "cli", "support", "web", "login", "access"),
    "mail": ("blueprints", "jobs", "cli", "support", "web"),
    "permissions": ("services", "queries", "blueprints", "jobs", "cli", "support", "web"),
    "database": (
        "models",
        "services",
        "queries",
        "blueprints",
        "jobs",
        "cli",
        "support",
        "web",
        "permissions",
    ),
    "clock": ("models", "services", "queries", "blueprints", "database"),
    "markup": ("models", "services", "queries", "blueprints", "database", "web"),
}
EDGES = (
    "blueprints",
    "jobs",
    "commands",
    "demo",
    "cli.py",
    "support.py",
    "relations.py",
    "audit.py",
    "vault.py",
    "login.py",
)
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def imported(tree, top_only=True):
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("helpdesk_web"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [name.name for name in node.names]
            if node.module == "helpdesk_web.blueprints":
                yield from (f"blueprints.{name.name}" for name in node.names)


def layer_of(path):
    part = path.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downhill(path):
    forbidden = FORBIDDEN.get(layer_of(path), ())
    uphill = {name for name in imported(ast.parse(path.read_text())) if name in forbidden}

    assert not uphill


def test_blueprints_never_import_each_other():
    for path in (PACKAGE / "blueprints").rglob("*.py"):
        own = path.relative_to(PACKAGE / "blueprints").parts[0].removesuffix(".py")
        others = re.findall(r"helpdesk_web\.blueprints\.(\w+)", path.read_text())
        assert own == "__init__" or {name for name in others if name != own} == set(), path


def test_only_one_place_commits_the_session():
    calls = [path for path in MODULES if re.search(r"session(\(\))?\.commit\(", code_of(path))]

    assert calls == [PACKAGE / "database.py"]


def test_commit_stands_only_at_the_edges():
    for path in MODULES:
        relative = path.relative_to(PACKAGE)
        if re.search(r"^\s+commit\(\)", code_of(path), re.M) and relative.name != "database.py":
            assert relative.parts[0] in EDGES or relative.as_posix() in AFTER_THE_ANSWER, relative


AFTER_THE_ANSWER = {"services/visits.py"}  # a mark that is written once the answer has left


def test_there_is_one_clock():
    for path in MODULES:
        if path.name != "clock.py":
            assert not re.search(r"datetime\.(utcnow|now)\(|date\.today\(", code_of(path)), path


def test_services_never_read_the_request():
    for path in (PACKAGE / "services").rglob("*.py"):
        names = {
            name.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module == "flask"
            for name in node.names
        }
        assert not names & {"request", "session", "g"}, path


def test_templates_hold_no_script_no_style_and_nothing_that_needs_eval():
    for path in TEMPLATES.rglob("*.html"):
        if path.is_relative_to(TEMPLATES / "email"):
            continue
        text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|hx-on|javascript:|\bjs:", text), path
        assert not re.search(r"<script(?![^>]*(src=|application/json))", text), path
        assert not re.search(r'hx-trigger="[^"]*\[', text), path


def test_every_template_compiles(app):
    for name in app.jinja_env.list_templates(extensions=["html", "txt"]):
        app.jinja_env.get_template(name)


def code_of(path):
    """The module without its strings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
    return ast.unparse(tree)
