"""Settings come from flags and environment; a wrong one is refused by name."""

import pytest

from pointsman.settings import Settings, SettingsError

SID = "AC" + "0" * 32
KEY = "SK" + "a" * 32


def test_nothing_given_means_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


def test_every_default_passes_its_own_rule() -> None:
    given = {f"POINTSMAN_{name.upper()}": str(value) for name, value in vars(Settings()).items() if value is not None}
    assert Settings.from_environment(given) == Settings()


def test_a_flag_wins_over_the_environment_and_none_is_no_flag() -> None:
    settings = Settings.from_environment({"POINTSMAN_PORT": "1", "POINTSMAN_HOST": "::1"}, port="2", host=None)
    assert (settings.port, settings.host) == (2, "::1")


def test_an_empty_variable_is_unset() -> None:
    assert Settings.from_environment({"POINTSMAN_PORT": "", "POINTSMAN_ACCOUNT_SID": ""}) == Settings()


def test_the_public_url_loses_its_last_slash() -> None:
    assert (
        Settings.from_environment({}, public_url="https://a.example:8443/x/").public_url == "https://a.example:8443/x"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8_0"),
        ("PORT", "٣"),
        ("PORT", "9" * 5000),
        ("HOST", "a b"),
        ("CLOCK", "Virtual"),
        ("LIMITS", "none"),
        ("DATA", "mysql://host/db"),
        ("DATA", "a\0b"),
        ("PUBLIC_URL", "example.com"),
        ("PUBLIC_URL", "http://"),
        ("PUBLIC_URL", "http://h:99999"),
        ("PUBLIC_URL", "http://h/?q=1"),
        ("PUBLIC_URL", "http://[h"),
        ("PUBLIC_URL", "http://h/a b"),
        ("ON_RESERVATION_FAILURE", "retry"),
        ("REOFFER_BACKOFF_SECONDS", "1.5"),
        ("RETENTION_DAYS", "0"),
        ("LOG_LEVEL", "loud"),
        ("ACCOUNT_SID", "AC" + "A" * 32),
        ("API_KEY_SID", SID),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^POINTSMAN_{name}: expected "):
        Settings.from_environment({f"POINTSMAN_{name}": text})


def test_a_wrong_flag_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match=r"^--public-url: expected .*, got 'x'$"):
        Settings.from_environment({}, public_url="x")


@pytest.mark.parametrize("alone", [{"account_sid": SID}, {"auth_token": "t" * 32}, {"api_key_sid": KEY}])
def test_a_sid_and_its_secret_come_together(alone: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="set both, or neither"):
        Settings.from_environment({f"POINTSMAN_{name.upper()}": value for name, value in alone.items()})


def test_secrets_are_never_shown() -> None:
    settings = Settings.from_environment({"POINTSMAN_ACCOUNT_SID": SID, "POINTSMAN_AUTH_TOKEN": "open-sesame"})
    assert "open-sesame" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"POINTSMAN_AUTH_TOKEN": "open sesame"})
    assert "sesame" not in str(refused.value)


def test_a_setting_that_does_not_exist_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="colour"):
        Settings.from_environment({}, colour="red")
