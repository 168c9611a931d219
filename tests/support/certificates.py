"""Certificates for tests, made with the openssl tool: a folder of authorities and what they have signed."""

import pathlib
import subprocess
from typing import NamedTuple


class Pair(NamedTuple):
    cert: pathlib.Path
    key: pathlib.Path

    def cert_pem(self):
        return self.cert.read_text()

    def key_pem(self):
        return self.key.read_text()

    def der(self):
        return openssl("x509", "-in", self.cert, "-outform", "DER")


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, input=text, stdin=None if text else subprocess.DEVNULL)
    return done.stdout


def new_key(path):
    path.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    path.chmod(0o600)


class Authority:
    """A CA of its own."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        new_key(self.pair.key)
        openssl("req", "-x509", "-new", "-key", self.pair.key, "-subj", f"/CN=test {name}", "-days", "2", "-out", self.pair.cert)

    @property
    def pem(self):
        return self.pair.cert_pem()

    @property
    def file(self):
        return self.pair.cert

    def issue(self, name, subject_alt="IP:127.0.0.1,DNS:localhost", days=2):
        """A key and its certificate; for servers, a name to verify."""
        pair = Pair(self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key")
        new_key(pair.key)
        request = openssl("req", "-new", "-key", pair.key, "-subj", f"/CN={name}")
        pair.cert.write_bytes(self.sign(request, subject_alt, days))
        return pair

    def sign(self, request, subject_alt="DNS:agent", days=2):
        """PEM of a certificate for a certificate request."""
        extensions = self.folder / "extensions"
        extensions.write_text(f"subjectAltName={subject_alt}\nbasicConstraints=CA:FALSE\n")
        return openssl("x509", "-req", "-CA", self.pair.cert, "-CAkey", self.pair.key, "-CAcreateserial", "-days", str(days),
                       "-extfile", extensions, text=request)
