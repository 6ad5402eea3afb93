"""Certificates for tests: authorities, doors', clients' and workloads', good and bad."""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def key_usage(**true):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: true.get(name, False) for name in names})


class Issued:
    """A certificate, its key, and those between it and a root."""

    def __init__(self, certificate, key, above=()):
        self.certificate, self.key, self.above = certificate, key, list(above)

    @property
    def pem(self):
        return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in [self.certificate, *self.above])

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    @property
    def sha256(self):
        return self.certificate.fingerprint(hashes.SHA256())

    def save(self, folder, name):
        """Files of the chain and the key, put in place as a renewal would."""
        paths = []
        for end, text in ((".pem", self.pem), (".key", self.key_pem)):
            path = pathlib.Path(folder) / (name + end)
            beside = path.with_suffix(end + ".new")
            beside.write_text(text)
            beside.replace(path)
            paths.append(path)
        return paths


class Authority(Issued):
    def __init__(self, name="root", above=None, days=(-1, 30)):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer, issuer = (above.key, above.certificate.subject) if above else (key, subject)
        certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(NOW + days[0] * DAY).not_valid_after(NOW + days[1] * DAY)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256()))
        super().__init__(certificate, key, [above.certificate, *above.above] if above and above.above else [])
        self.upper = above

    def issue(self, *names, days=(-1, 1), seconds=None, authority=False, usage={"digital_signature": True}, key=None):
        """A leaf with these alternative names; what is left out of a good one is chosen by the arguments."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        until = NOW + days[1] * DAY if seconds is None else datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        builder = (
            x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")]))
            .issuer_name(self.certificate.subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(NOW + days[0] * DAY).not_valid_after(until)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False))
        if usage:
            builder = builder.add_extension(key_usage(**usage), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([name(each) for each in names]), critical=False)
        chain = [self.certificate] if self.upper else []
        return Issued(builder.sign(self.key, hashes.SHA256()), key, chain)


def name(text):
    if "://" in text or text.startswith("spiffe:"):
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def self_signed():
    """A client's own certificate, of no authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "self")])
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
        .sign(key, hashes.SHA256()))
    return Issued(certificate, key)
