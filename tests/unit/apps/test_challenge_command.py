"""What `steward challenge` refuses before it opens anything."""

import pytest

from steward.apps.cli.main import app
from steward.core.errors import UsageError


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--shadow", "--stop"), "SERVE-129"),
        (("--share", "0.1", "--ramp", "0.1,0.2", "--every", "1d"), "SERVE-129"),
        (("--version", "2"), "SERVE-129"),
        (("--by", "zone"), "SERVE-129"),
        (("--stop", "--version", "2"), "SERVE-129"),
        (("--ramp", "0.1,0.2"), "SERVE-129"),
        (("--share", "0.1", "--every", "1d"), "SERVE-129"),
    ],
)
def test_options_that_do_not_fit_together_are_refused_with_what_to_write(options: tuple[str, ...], code: str) -> None:
    with pytest.raises(UsageError, match=rf"(?s){code}.*fix: .*--"):
        app(["challenge", "taxi", *options], standalone_mode=False)


@pytest.mark.parametrize("options", [("--ramp", "a,b", "--every", "1d"), ("--ramp", "0.1,0.2", "--every", "soon")])
def test_what_is_no_share_or_no_time_is_refused(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("STEWARD_HOME", str(tmp_path_factory.mktemp("home")))
    with pytest.raises(UsageError, match=r"(?s)SERVE-122.*fix: "):
        app(["challenge", "taxi", *options], standalone_mode=False)
