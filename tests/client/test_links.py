"""What every link shares: addresses, frames as bytes, answers as values or errors."""

import ssl

import httpx
import numpy as np
import pytest
import trustme

from fluoropose.client.links import Address, LinkLostError, OutgoingFrame, ProblemError, parse_json, to_link_lost_error


def test_a_key_travels_as_a_bearer_token():
    assert Address("http://x").headers() == {}
    assert Address("http://x", key="fp_1").headers() == {"Authorization": "Bearer fp_1"}


def test_tls_is_checked_only_where_the_address_asks_for_it():
    assert Address("http://x").context() is None
    context = Address("https://x").context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_an_authority_that_is_no_certificate_is_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        Address("https://x", authority=tmp_path / "ca.pem").context()


@pytest.mark.parametrize("dtype", [">u2", "<u2"])
def test_pixels_travel_little_endian_and_row_by_row(dtype):
    pixels = np.array([[1, 2], [3, 258]], dtype)
    assert OutgoingFrame(0, pixels, None).body() == b"\x01\x00\x02\x00\x03\x00\x02\x01"
    assert OutgoingFrame(0, pixels.T, None).body() == b"\x01\x00\x03\x00\x02\x00\x02\x01"


def test_the_header_describes_the_pixels():
    pixels = np.zeros((4, 6), np.uint8)
    assert OutgoingFrame(3, pixels, None).meta() == {"dtype": "uint8", "seq": 3, "rows": 4, "columns": 6}
    meta = OutgoingFrame(3, pixels, 12.5, {"camera": "side"}).meta()
    assert (meta["captured_at"], meta["camera"]) == (12.5, "side")


def test_an_answer_without_content_is_an_empty_value():
    assert parse_json(httpx.Response(204)) == {}
    assert parse_json(httpx.Response(200, json=[1])) == [1]


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (
            httpx.Response(409, json={"code": "conflict", "title": "t", "detail": "there already"}),
            "conflict",
            "there already",
        ),
        (httpx.Response(502, text="<html>bad gateway"), "internal", "<html>bad gateway"),
        (httpx.Response(500, json=["no", "object"]), "internal", '["no", "object"]'),
        (httpx.Response(500), "internal", ""),
    ],
    ids=["problem", "page", "list", "nothing"],
)
def test_an_error_of_any_form_is_a_problem(answer, code, detail):
    with pytest.raises(ProblemError) as problem:
        parse_json(answer)
    assert (problem.value.status, problem.value.code, problem.value.detail) == (answer.status_code, code, detail)


def test_whatever_breaks_a_connection_is_a_lost_link():
    error = to_link_lost_error(OSError("x" * 300))
    assert isinstance(error, LinkLostError)
    assert error.code == "link-lost"
    assert str(error) == "expected a connection, got: OSError " + "x" * 200


def test_a_certificate_of_our_own_is_loaded(tmp_path):
    authority = trustme.CA()
    ours = authority.issue_cert("console")
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "chain.pem").write_bytes(ours.cert_chain_pems[0].bytes())
    (tmp_path / "key.pem").write_bytes(ours.private_key_pem.bytes())
    pair = (tmp_path / "chain.pem", tmp_path / "key.pem")
    assert Address("https://x", authority=tmp_path / "ca.pem", certificate=pair).context() is not None
    with pytest.raises(ssl.SSLError):
        Address("https://x", certificate=(tmp_path / "ca.pem", tmp_path / "key.pem")).context()
