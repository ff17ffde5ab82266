import pytest

from kraken_pipeline.wiring.exchange import SECRET
from kraken_pipeline.wiring.secrecy import redactor


@pytest.mark.parametrize(
    ("environ", "secret"),
    [
        ({}, SECRET),
        ({"KRAKEN_API_SECRET": "c2VjcmV0LWNhbmFyeQ=="}, "c2VjcmV0LWNhbmFyeQ=="),
        ({"KRAKEN_API_KEY": "canary-key-of-nobody"}, "canary-key-of-nobody"),
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
