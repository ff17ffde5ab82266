import base64
import io
import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.secrets.redact import MARK, RedactingFilter, Redactor, exception_hook

KEY = "uJ5pRkQ7bV2nXw8LzT4cFy1sHd6gAe9mB0iKoPqUvWxYz3NrSt+/ExJk"
SECRET = base64.b64encode(bytes(range(190, 254))).decode()
SECRETS = st.text(st.characters(codec="utf-8"), min_size=6, max_size=40)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def in_base64(secret: str, before: str, after: str) -> str:
    return base64.b64encode((before + secret + after).encode()).decode()


def small_percent(secret: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quote(secret, safe=""))


def fail(with_secret: str) -> None:
    raise ValueError(f"with {with_secret}")


ENCODINGS = {
    "as it is": lambda secret, before, after: before + secret + after,
    "percent": lambda secret, before, after: before + quote(secret, safe="") + after,
    "percent but slashes": lambda secret, before, after: before + quote(secret) + after,
    "form": lambda secret, before, after: before + quote_plus(secret) + after,
    "percent, small": lambda secret, before, after: before + small_percent(secret) + after,
    "percent twice": lambda secret, before, after: before + quote(quote(secret, safe="")) + after,
    "json": lambda secret, before, after: json.dumps({"a": before + secret + after}),
    "json, escaped slashes": lambda secret, before, after: before + secret.replace("/", "\\/"),
    "repr": lambda secret, before, after: repr(secret),
    "bytes": lambda secret, before, after: repr(secret.encode()),
    "base64": in_base64,
    "base64 for addresses": lambda *parts: in_base64(*parts).translate(str.maketrans("+/", "-_")),
    "base64 in a form": lambda *parts: quote_plus(in_base64(*parts)),
    "base64 in lines": lambda *parts: base64.encodebytes(
        (parts[1] + parts[0] + parts[2]).encode()
    ).decode(),
}


@given(secret=SECRETS, before=TEXTS, after=TEXTS)
def test_a_planted_secret_never_survives(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret]).redact(before + secret + after)

    assert secret not in redacted


@given(secrets=st.lists(st.text("ab*", min_size=6, max_size=9), min_size=1, max_size=4))
def test_secrets_that_overlap_or_look_like_the_mark_do_not_survive(secrets: list[str]) -> None:
    redacted = Redactor(secrets).redact("".join(secrets) + "*" * 9 + "".join(reversed(secrets)))

    assert not any(secret in redacted for secret in secrets)


def test_a_mark_beside_what_is_left_does_not_spell_a_secret() -> None:
    assert Redactor(["***abc"]).redact("***abcabc") == MARK


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(secret=st.one_of(st.just(SECRET), st.just(KEY)), before=TEXTS, after=TEXTS)
def test_a_key_survives_in_no_encoding(encoding: str, secret: str, before: str, after: str) -> None:
    planted = ENCODINGS[encoding](secret, before, after)

    redacted = Redactor([secret]).redact(planted)

    assert MARK in redacted
    assert not any(secret[at : at + 20] in redacted for at in range(len(secret) - 20))
    assert ENCODINGS[encoding](secret, "", "")[3:-6] not in redacted


@given(
    secret=st.text(st.characters(codec="ascii"), min_size=6, max_size=40), lead=st.integers(0, 7)
)
def test_base64_of_a_secret_is_found_at_every_offset(secret: str, lead: int) -> None:
    redacted = Redactor([secret]).redact(in_base64(secret, "x" * lead, "yz"))

    assert MARK in redacted
    assert len(redacted) <= 4 * (lead + 2) + 12


@pytest.mark.parametrize(
    "text",
    [
        f"API-Key: {KEY}",
        f"send: b'POST /0/private/Balance\\r\\napi-key: {KEY}\\r\\n'",
        f"{{'API-Sign': '{KEY}'}}",
        f'{{"API-Key":"{KEY}"}}',
        f"[('API-Key', b'{KEY}')]",
        f'"{{\\"token\\":\\"{KEY}\\"}}"',
        f"params={{'token': '{KEY}', 'channel': 'executions'}}",
        f"KRAKEN_API_SECRET={KEY}",
        f"postgresql://kraken:{KEY.replace('/', '%2F')}@db.example:5432/books",
    ],
)
def test_what_stands_in_a_secret_place_is_hidden_though_unknown(text: str) -> None:
    redacted = Redactor().redact(text)

    assert MARK in redacted
    assert KEY[:20] not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "token bucket: 12 of 15 left",
        "EAPI:Invalid key",
        "GET http://127.0.0.1:8080/0/public/Time",
        "cl_ord_id 6d1b345e-2821-40e2-ad83-4ecb18a06876 accepted at 65000.1",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor([KEY, SECRET]).redact(text) == text


def test_a_secret_too_short_to_be_found_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="has 5 characters"):
        Redactor(["abcde"])


def test_a_redactor_does_not_show_what_it_knows() -> None:
    assert repr(Redactor([KEY, SECRET])) == "Redactor(2 secrets)"


def test_a_secret_learned_later_is_hidden_from_then_on() -> None:
    redactor = Redactor([KEY])
    redactor.learn(SECRET)

    assert redactor.redact(f"{KEY} {SECRET}") == f"{MARK} {MARK}"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    sink = io.StringIO()
    handler = logging.StreamHandler(sink)
    handler.setFormatter(logging.Formatter("%(message)s %(extra)s", defaults={"extra": ""}))
    handler.addFilter(RedactingFilter(Redactor([SECRET])))
    logger = logging.getLogger("redacted")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, sink
    logger.removeHandler(handler)


def test_a_log_line_hides_secrets_in_its_message_and_arguments(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, sink = log

    logger.warning("key %s of %r, 100%%", SECRET, {"secret": SECRET})
    logger.getChild("below").warning("from below: %s", SECRET)

    assert sink.getvalue().splitlines() == [
        f"key {MARK} of {{'secret': '{MARK}'}}, 100% ",
        f"from below: {MARK} ",
    ]


def test_a_log_line_hides_secrets_in_the_exception_and_its_cause(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, sink = log
    try:
        try:
            fail(SECRET)
        except ValueError as wrong:
            raise KeyError(SECRET) from wrong
    except KeyError:
        logger.exception("failed", stack_info=True)

    assert SECRET not in sink.getvalue()
    assert f"ValueError: with {MARK}" in sink.getvalue()
    assert f"KeyError: '{MARK}'" in sink.getvalue()


def test_no_formatter_is_given_the_exception_itself() -> None:
    with pytest.raises(ValueError, match="with") as caught:
        fail(SECRET)
    record = logging.LogRecord(
        "x", logging.ERROR, "x.py", 1, "failed", None, (caught.type, caught.value, caught.tb)
    )

    RedactingFilter(Redactor([SECRET])).filter(record)

    assert record.exc_info is None
    assert SECRET not in repr(vars(record))


def test_a_log_line_hides_secrets_in_what_is_attached(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, sink = log

    logger.warning("attached", extra={"extra": {"deep": [SECRET]}})

    assert sink.getvalue() == f"attached {{'deep': ['{MARK}']}}\n"


def test_a_log_line_whose_arguments_do_not_fit_is_written_and_redacted(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, sink = log

    logger.warning("%d bars", SECRET)

    assert sink.getvalue() == f"%d bars ('{MARK}',) \n"


def test_the_exception_hook_writes_a_redacted_traceback() -> None:
    written: list[str] = []
    hook = exception_hook(Redactor([SECRET]), written.append)
    with pytest.raises(ValueError, match="with") as caught:
        fail(SECRET)

    hook(caught.type, caught.value, caught.tb)

    assert written[0].endswith(f"ValueError: with {MARK}\n")
