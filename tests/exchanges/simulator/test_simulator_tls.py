"""The https endpoints: a certificate that can be verified, by an authority that nobody else trusts."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import requests
from cryptography import x509

from exchanges.simulator.faces import ENDPOINTS
from exchanges.simulator.testing import running_simulator
from exchanges.simulator.tls import make_certificate, server_context


def test_exactly_the_endpoints_that_want_tls_have_it(sim):
    for name, url in sim.urls.items():
        assert url.startswith("https://" if ENDPOINTS[name].tls else "http://")


def test_a_client_that_trusts_the_authority_verifies_the_server(sim):
    url = sim.urls["coinbase"]
    assert requests.get(f"{url}/_control/clock", verify=sim.ca_file, timeout=5).json()["now_ms"] == sim.now_ms()
    by_name = url.replace("127.0.0.1", "localhost")
    assert requests.get(f"{by_name}/_control/clock", verify=sim.ca_file, timeout=5).status_code == 200
    strict = ssl.create_default_context(cafile=sim.ca_file)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with urllib.request.urlopen(f"{url}/_control/clock", timeout=5, context=strict) as reply:
        assert reply.status == 200


def test_everybody_else_refuses_it(sim):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{sim.urls['coinbase']}/_control/clock", timeout=5)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{sim.urls['coinbase']}/_control/clock", timeout=5)


def test_the_authoritys_file_goes_with_the_simulator():
    with running_simulator() as sim:
        assert Path(sim.ca_file).exists()
    assert not Path(sim.ca_file).exists()


def test_no_key_is_left_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server_context("127.0.0.1", tmp_path / "ca.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["ca.pem"]
    assert "PRIVATE" not in (tmp_path / "ca.pem").read_text()


def test_another_host_gets_a_certificate_for_its_name():
    _, certificate, _ = make_certificate("simulator.example")
    names = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["localhost", "simulator.example"]
