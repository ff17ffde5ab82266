from traceback import TracebackException

import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.kraken.http import form_of
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline_tests.kraken.lines import CREDENTIAL, SECRET


def test_the_example_of_the_documentation_is_signed_as_it_says() -> None:
    body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"

    signature = CREDENTIAL.sign(path="/0/private/AddOrder", nonce=1616492376594, body=body)

    assert signature == (
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    )


def test_the_form_of_the_example_has_its_bytes() -> None:
    params = {"ordertype": "limit", "pair": "XBTUSD", "price": "37500", "type": "buy"}

    assert form_of({**params, "volume": "1.25"}, 1616492376594) == (
        b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    )


@pytest.mark.parametrize("text", [repr(CREDENTIAL), str(CREDENTIAL), f"{CREDENTIAL}"])
def test_a_credential_never_prints_its_secret_or_its_whole_key(text: str) -> None:
    assert SECRET not in text
    assert CREDENTIAL.key not in text


@pytest.mark.parametrize("secret", ["", "canary-no-base64", "Y2FuYXJ5!"])
def test_a_secret_that_cannot_sign_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Credential(key="key", secret=secret)

    assert not secret or secret not in "".join(
        TracebackException.from_exception(refused.value).format()
    )


@pytest.mark.parametrize("key", ["", "two\nlines", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="API key"):
        Credential(key=key, secret=SECRET)


def test_keys_have_different_names_that_do_not_show_them() -> None:
    other = Credential(key="another-key", secret=SECRET)

    assert other.key_id != CREDENTIAL.key_id
    assert "another" not in other.key_id
