"""Settings from the environment and from helpdesk.toml: lists as people write them, one line for what is wrong."""

import pytest

from helpdesk_web import config
from helpdesk_web.errors import SetupError


@pytest.fixture
def load(monkeypatch, tmp_path):
    def loaded(**environment):
        monkeypatch.setenv("HELPDESK_DATA_DIR", str(tmp_path))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return config.load()

    return loaded


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("low, high", ["low", "high"]),
        ('["low"]', ["low"]),
        ("", []),
    ],
)
def test_a_list_is_written_with_commas_or_as_json(written, meant, load):
    assert load(HELPDESK_CUSTOMER_PRIORITIES=written).customer_priorities == meant
    assert load(HELPDESK_TRUSTED_HOSTS="help.example.com").trusted_hosts == ["help.example.com"]


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("HELPDESK_CUSTOMER_PRIORITIES", "[low", "customer_priorities"),
        ("HELPDESK_RATE_LIMIT__LIMITS", "3", "rate_limit.limits"),
        ("HELPDESK_ONCALL_EMAIL", "a@b.example\r\nBcc: c@d.example", "oncall_email"),
        ("HELPDESK_ONCALL_EMAIL", "nobody", "oncall_email"),
        ("HELPDESK_REDIS_URL", "nonsense", "redis_url"),
        ("HELPDESK_BASE_URL", "https://help.example.com/desk", "base_url"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_its_name(name, value, named, load):
    with pytest.raises(SetupError, match=rf"Wrong setting {named}\b"):
        load(**{name: value})


def test_an_unknown_name_in_a_table_of_the_file_is_wrong(load, tmp_path):
    (tmp_path / "helpdesk.toml").write_text("[vault]\nmax_files_mb = 3\n")

    with pytest.raises(SetupError, match=r"vault\.max_files_mb"):
        load()


def test_an_empty_variable_is_none(load):
    settings = load(HELPDESK_BASE_URL="", HELPDESK_SECRET_KEY="", HELPDESK_ONCALL_EMAIL="", HELPDESK_REDIS_URL="")

    assert (settings.base_url, settings.secret_key, settings.oncall_email, settings.redis_url) == (None,) * 4
