"""The program in a terminal."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import delete, select, update

from helpdesk_web import cli, config, create_app
from helpdesk_web.commands import serving
from helpdesk_web.database import commit, db, writing
from helpdesk_web.models import AuditEvent, Reply, Role, User
from tests import factories
from tests.running import free_port, started

ROOT = Path(__file__).resolve().parent.parent
Say = Callable[..., Result]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Type a command in a place of its own."""
    for name in [name for name in os.environ if name.upper().startswith("HELPDESK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HELPDESK_DATA_DIR", str(tmp_path / "desk"))

    def run(*words: str, **options: Any) -> Result:
        return CliRunner().invoke(cli.main, words, **options)

    return run


@pytest.fixture
def desk(own_app: Flask, monkeypatch: pytest.MonkeyPatch, say: Say) -> Say:
    """Commands on a desk that is there."""
    settings = own_app.config["HELPDESK"]
    monkeypatch.setenv("HELPDESK_DATA_DIR", str(settings.data_dir))
    if settings.database_url:
        monkeypatch.setenv("HELPDESK_DATABASE_URL", settings.database_url)
    return say


NEED_A_DESK = (
    ("web",),
    ("worker",),
    ("migrate",),
    ("support", "auto-close"),
    ("support", "stats"),
    ("support", "fix-relations"),
    ("user", "link", "ada@example.com"),
    ("audit", "verify"),
)


@pytest.mark.parametrize("words", NEED_A_DESK, ids=" ".join)
def test_only_run_and_demo_make_a_desk(say: Say, tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = say(*words)

    assert ended.exit_code == 1
    assert f"no desk in {tmp_path / 'desk'}" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "desk").exists()


def test_a_wrong_setting_is_told_in_one_line(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPDESK_PORT", "many")

    ended = say("run")

    assert ended.exit_code == 1
    assert "port" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_database_that_does_not_answer_is_told_in_one_line(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPDESK_DATABASE_URL", f"postgresql://nobody:secret@127.0.0.1:{free_port()}/none")

    ended = say("audit", "verify")

    assert ended.exit_code == 1
    assert "does not answer" in ended.stderr
    assert "secret" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.both
def test_an_account_is_made_and_gets_its_link(own_app: Flask, desk: Say) -> None:
    made = desk("user", "create", "ada@example.org", "--role", "admin", "--password-stdin", input="a long phrase\n")
    link = desk("user", "link", "ADA@example.org")

    assert (made.exit_code, link.exit_code) == (0, 0), made.stderr + link.stderr
    assert "/login/link/" in link.stdout
    ada = db.session.scalars(select(User).where(User.email == "ada@example.org")).one()
    assert ada.role is Role.ADMIN
    assert ada.is_verified


def test_a_password_is_asked_for_twice(own_app: Flask, desk: Say) -> None:
    made = desk("user", "create", "kim@example.org", input="a long phrase\na long phrase\n")

    assert made.exit_code == 0, made.stderr
    assert "a long phrase" not in made.output


@pytest.mark.parametrize(
    ("words", "typed", "problem"),
    [
        (("user", "create", "ada@example.org", "--password-stdin"), "password\n", "Too many people"),
        (("user", "create", "not an address", "--password-stdin"), "a long phrase\n", "not a mail address"),
        (("user", "link", "nobody@example.org"), "", "Nobody here"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    own_app: Flask, desk: Say, words: tuple[str, ...], typed: str, problem: str
) -> None:
    ended = desk(*words, input=typed)

    assert ended.exit_code == 1
    assert problem in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.both
def test_the_audit_is_verified_and_the_bad_record_named(own_app: Flask, desk: Say) -> None:
    ticket = factories.make_ticket()
    assert desk("audit", "verify").exit_code == 0
    with writing():
        db.session.execute(update(AuditEvent).where(AuditEvent.ticket_id == ticket.id).values(event="ticket.eaten"))
        commit()

    ended = desk("audit", "verify")

    assert ended.exit_code == 1
    assert f"ticket:{ticket.refid}, record 1" in ended.output


@pytest.mark.both
def test_relations_are_looked_at_and_mended(own_app: Flask, desk: Say) -> None:
    ticket = factories.make_ticket()
    assert desk("support", "fix-relations").exit_code == 0
    with writing():
        ticket.preview = "something else"
        commit()

    found, mended, again = (desk("support", "fix-relations", *more) for more in ((), ("--fix",), ()))

    assert [found.exit_code, mended.exit_code, again.exit_code] == [1, 0, 0]
    assert ticket.refid in found.output


def test_what_cannot_be_mended_keeps_the_exit_code(own_app: Flask, desk: Say) -> None:
    ticket = factories.make_ticket()
    with writing():
        db.session.execute(delete(Reply).where(Reply.ticket_id == ticket.id))
        commit()

    assert desk("support", "fix-relations", "--fix").exit_code == 1


def test_stats_and_auto_close_say_their_figures(own_app: Flask, desk: Say) -> None:
    factories.make_ticket()

    stats, closed = desk("support", "stats"), desk("support", "auto-close")

    assert "Created today                1" in stats.output
    assert "Resolution, mean hours       –" in stats.output
    assert closed.output == "Closed 0 tickets.\n"


def test_config_shows_where_settings_come_from_and_masks_secrets(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk/helpdesk.toml").write_text('port = 8123\nsmtp_url = "smtp://me:hush-hush@mail.example.com"\n')
    monkeypatch.setenv("HELPDESK_SECRET_KEY", "do-not-tell-anybody")

    shown = say("config").output

    assert "port = 8123  # helpdesk.toml" in shown
    assert "hush-hush" not in shown
    assert "do-not-tell" not in shown
    assert 'secret_key = "********"  # environment' in shown
    assert "priorities.low.sla_hours = 72.0\n" in shown


def test_config_shows_what_the_desks_own_page_sets(own_app: Flask, desk: Say) -> None:
    from helpdesk_web.services import desk as desk_service

    with writing():
        desk_service.change("desk_name", "Larkspur", by=None)
        commit()

    assert 'desk_name = "Larkspur"  # the desk\'s own page' in desk("config").output


def test_the_written_file_holds_every_setting_and_changes_none(say: Say, tmp_path: Path) -> None:
    assert say("config", "--write").exit_code == 0
    path = tmp_path / "desk/helpdesk.toml"

    assert tomllib.loads(path.read_text()) == {}
    assert path.stat().st_mode & 0o777 == 0o600
    assert config.load() == config.load(**{})
    lines = [line[1:] for line in path.read_text().splitlines() if line.startswith("#") and not line.startswith("# ")]
    assert set(tomllib.loads("\n".join(lines))) == set(config.Settings.model_fields)
    again = say("config", "--write")
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)


def test_the_demo_fills_once_and_prints_who_can_sign_in(own_app: Flask, desk: Say) -> None:
    first = desk("demo", "--tickets", "12", "--seed", "3")
    second = desk("demo", "--tickets", "12", "--seed", "3")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "Filling" in first.output
    assert "Filling" not in second.output
    assert "helpdesk-demo" in second.output
    assert second.output.count("@example.com") == 6


def test_a_desk_in_use_gets_no_demo(own_app: Flask, desk: Say) -> None:
    factories.make_user("admin")

    ended = desk("demo")

    assert ended.exit_code == 1
    assert "is in use" in ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "desk.example.com"])
def test_a_demo_is_served_on_loopback_only(
    own_app: Flask, desk: Say, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert desk("demo", "--tickets", "3").exit_code == 0
    monkeypatch.setenv("HELPDESK_HOST", host)

    for words in (("demo",), ("run",), ("web",)):
        ended = desk(*words)
        assert ended.exit_code == 1
        assert "127.0.0.1" in ended.stderr


def test_loopback_is_known_by_every_name() -> None:
    assert [serving.is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "127.3.2.1", "0.0.0.0", "x")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_flask_knows_the_same_commands(tmp_path: Path) -> None:
    app = create_app(config.load(data_dir=tmp_path))

    assert {command.name for command in cli.COMMANDS} <= set(app.cli.commands)
    assert set(cli.main.commands) == {command.name for command in cli.COMMANDS}


def test_flask_in_a_checkout_is_the_same_program(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HELPDESK_")}
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "support", "stats"],
        cwd=ROOT,
        env=environment | {"HELPDESK_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.strip() == f"no desk in {tmp_path}"


def test_run_makes_the_desk_prints_the_first_admins_link_and_serves(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "from helpdesk_web.cli import main; main()", "run")
    with started(command, data_dir=tmp_path / "desk", HELPDESK_WEB_WORKERS="1") as program:
        status, _page = program.wait_until_served("/healthz")
        log = program.log
        assert program.stop() == 0

    assert status == 200
    assert f"{program.url}/setup/" in log
    assert (tmp_path / "desk/helpdesk.sqlite3").is_file()


def test_a_port_that_is_taken_leaves_the_link_alone(own_app: Flask, desk: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("HELPDESK_PORT", str(taken.getsockname()[1]))
        ended = desk("run")

    assert ended.exit_code == 1
    assert "is taken" in ended.stderr
    assert "/setup/" not in ended.output
