"""What a server with keys and TLS needs: an authority of the test's own, a certificate of it, a key."""

import trustme

from fluoropose.serving.api_keys import add_key


def guarded_by(folder):
    """Write a certificate and a key of the scope infer; return the server's options, the authority's file, the key."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    token = add_key(folder / "keys.json", "console", ["infer"])
    options = ["--tls-key", folder / "key.pem", "--tls-cert", folder / "cert.pem", "--keys", folder / "keys.json"]
    return [str(word) for word in options], folder / "ca.pem", token
