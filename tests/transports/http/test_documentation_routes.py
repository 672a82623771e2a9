"""The API's page and its document come from this installation alone."""

import re

from fluoropose.serving.api_keys import KeyRing, add_key
from support.serving import http_client, metric


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"https?://", page.text)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 4
    for address in loaded:
        if not address.startswith("data:"):
            asset = client.get(f"/{address}")
            assert asset.status_code == 200
            assert len(asset.content) > 500
    assert "SwaggerUIBundle" in client.get("/docs/swagger-ui-bundle.js").text
    assert client.head("/docs").status_code == 200
    assert client.get("/docs/../app.py").status_code == 404
    assert client.get("/docs/none.js").status_code == 404


def test_the_document_is_counted_under_its_own_name(client, parts):
    assert client.get("/openapi.json").json()["info"]["title"] == "fluoropose"
    assert metric(parts, "requests_total", transport="http", method="GET /openapi.json", code="200") == 1.0


def test_where_there_are_keys_the_page_is_open_and_the_document_is_not(parts, tmp_path):
    token = add_key(tmp_path / "keys.json", "console", ["infer"])
    with http_client(parts, KeyRing(tmp_path / "keys.json")) as client:
        assert client.get("/docs").status_code == 200
        assert client.get("/openapi.json").status_code == 401
        assert client.get("/openapi.json", headers={"X-API-Key": token}).status_code == 200
        assert client.get("/docs/../v1/cases").status_code == 401
