import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.kraken.address import LoopbackAddress, require_safe


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_an_address_for_paper(host: str) -> None:
    assert str(LoopbackAddress(f"http://{host}:8080")) == f"http://{host}:8080"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.kraken.com",
        "http://api.kraken.com:80",
        "http://127.0.0.1",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "https://127.0.0.1:8080",
        "http://127.0.0.1:8080/",
        "http://127.0.0.1:8080/0",
        "http://127.0.0.1:8080@api.kraken.com:80",
        "http://user@127.0.0.1:8080",
        "http://127.0.0.1.evil.example:8080",
        "http://localhost.evil.example:8080",
        "http://0.0.0.0:8080",
        "http://127.0.0.1:8080?x",
        "http://127.0.0.1:8080#x",
        "http://127.0.0.1 :8080",
        "HTTP://127.0.0.1:8080",
        "http://[::1",
        "",
    ],
)
def test_whatever_could_name_another_machine_is_no_address_for_paper(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:PORT"):
        LoopbackAddress(url)


@given(url=st.text(max_size=40) | st.from_regex(r"http://[a-z0-9.@:\[\]/]{0,30}", fullmatch=True))
def test_no_text_but_the_three_hosts_with_a_port_is_an_address_for_paper(url: str) -> None:
    try:
        address = LoopbackAddress(url)
    except ConfigurationError:
        return
    host, _, port = address.url.removeprefix("http://").rpartition(":")
    assert host in {"127.0.0.1", "localhost", "[::1]"}
    assert port.isdigit()


def test_keys_may_go_over_tls_and_within_this_machine() -> None:
    assert require_safe("https://api.example") == "https://api.example"
    assert require_safe("http://127.0.0.1:1") == "http://127.0.0.1:1"


@pytest.mark.parametrize("url", ["http://api.example", "ftp://api.example", "https://a/path", ""])
def test_keys_never_go_where_others_can_listen(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https://HOST"):
        require_safe(url)
