import http.client
import io
import logging
from collections.abc import Iterator

import pytest

from kraken_pipeline.secrets.redact import MARK
from kraken_pipeline.wiring.exchange import SECRET
from kraken_pipeline.wiring.secrecy import KNOWN, keep_secrets, learn, redactor


@pytest.fixture
def records_as_usual() -> Iterator[None]:
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)
    vars(http.client).pop("print", None)


@pytest.mark.parametrize(
    ("environ", "secret"),
    [
        ({}, SECRET),
        ({"KRAKEN_API_SECRET": "c2VjcmV0LWNhbmFyeQ=="}, "c2VjcmV0LWNhbmFyeQ=="),
        ({"KRAKEN_API_KEY": "canary-key-of-nobody"}, "canary-key-of-nobody"),
        ({"KRAKEN_PIPELINE_SECRET_PW": "canary-word-of-nobody"}, "canary-word-of-nobody"),
        ({"KRAKEN_PIPELINE_DB_URL": "postgresql://me:can%40ary@here/books"}, "can@ary"),
    ],
)
def test_what_the_environment_holds_in_secret_is_never_printed(
    environ: dict[str, str], secret: str
) -> None:
    said = redactor(environ).redact(f"it was {secret} that failed")

    assert secret not in said
    assert said.startswith("it was ")


@pytest.mark.parametrize("environ", [{}, {"KRAKEN_PIPELINE_DB_URL": "postgresql://[half"}])
def test_an_environment_without_secrets_changes_no_text(environ: dict[str, str]) -> None:
    assert redactor(environ).redact("unknown key risk.x") == "unknown key risk.x"


def test_a_secret_that_is_learned_late_is_known_to_all_of_the_process() -> None:
    learn("a-late-canary")

    assert redactor({}).redact("so: a-late-canary") == f"so: {MARK}"


def test_what_is_too_short_is_left() -> None:
    learn("risk")

    assert KNOWN.redact("risk") == "risk"


def test_a_record_is_redacted_for_handlers_that_know_nothing_of_it(
    records_as_usual: None,
) -> None:
    keep_secrets({"KRAKEN_API_SECRET": "c2VjcmV0LWNhbmFyeS0y"})
    log, written = logging.getLogger("somebody.elses"), io.StringIO()
    handler = logging.StreamHandler(written)
    log.addHandler(handler)
    try:
        int("c2VjcmV0LWNhbmFyeS0y")
    except ValueError:
        log.exception("sent %s", {"body": "c2VjcmV0LWNhbmFyeS0y"})
    log.removeHandler(handler)

    assert "c2VjcmV0" not in written.getvalue()
    assert "ValueError: invalid literal for int() with base 10: '***'" in written.getvalue()


def test_what_http_client_prints_of_a_request_is_redacted(
    records_as_usual: None, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_secrets({"KRAKEN_API_KEY": "canary-key-of-nobody"})
    connection = http.client.HTTPConnection("127.0.0.1", 1)
    connection.set_debuglevel(1)
    connection.putrequest("POST", "/0/private/Balance")
    connection.putheader("API-Key", "canary-key-of-nobody")
    with pytest.raises(OSError, match="refused"):
        connection.endheaders()
    vars(http.client)["print"]("send:", b"API-Key: canary-key-of-nobody")

    said = capsys.readouterr().out
    assert "canary" not in said
    assert "send:" in said


def test_it_is_installed_once(records_as_usual: None) -> None:
    keep_secrets({})
    factory = logging.getLogRecordFactory()
    keep_secrets({})

    assert logging.getLogRecordFactory() is factory
