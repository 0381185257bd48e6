"""RSA keys and certificates of the sandbox: made here, signed by its own certificate authority."""

import datetime as dt
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


def new_private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


@functools.lru_cache(maxsize=256)
def load_private(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA private key")
    return key


@functools.lru_cache(maxsize=256)
def public_of(private: str) -> rsa.RSAPublicKey:
    return load_private(private).public_key()


def certificate(
    key: rsa.RSAPrivateKey, *, common_name: str, organisation: str, now: float
) -> tuple[str, str]:
    """A five-year self-signed certificate from a day before `now`. Returns (PEM, serial as upper-case hex)."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    start = dt.datetime.fromtimestamp(now, dt.UTC) - dt.timedelta(days=1)
    # 20 bytes whose first hex digit is not 0, so that the serial always reads as 40 digits, as WeChat's do.
    serial = x509.random_serial_number() | (1 << 158)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=5 * 365))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), f"{serial:040X}"


def validity(pem: str) -> tuple[float, float]:
    cert = x509.load_pem_x509_certificate(pem.encode())
    return cert.not_valid_before_utc.timestamp(), cert.not_valid_after_utc.timestamp()


def sign(private: str, message: bytes) -> bytes:
    """RSA, PKCS#1 v1.5, SHA-256."""
    return load_private(private).sign(message, padding.PKCS1v15(), hashes.SHA256())
