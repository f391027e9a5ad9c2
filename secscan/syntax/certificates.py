"""What an X.509 certificate says: whom it names, who issued it, until when, with what key. RFC 5280, 6960, 7633."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING

from secscan.model.probe import Attribute
from secscan.model.values import Absent, Record, Type

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


_SIGNED_WHOLE = {"1.3.101.112": "ed25519", "1.3.101.113": "ed448"}  # RFC 8410: without a hash of its own


def load_pem(pem: str) -> Certificate:
    """The certificate in PEM text; ValueError when it is none."""
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only reading certificates needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities of old certificates are not our business here
        return x509.load_pem_x509_certificate(pem.encode())


def load_der(der: bytes) -> Certificate:
    """The certificate in DER; ValueError when it is none."""
    from cryptography import x509  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        return x509.load_der_x509_certificate(der)


def certificate_facts(certificate: Certificate) -> Record:
    """The fields of FACTS. Raises ValueError and what cryptography raises on odd content."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above

    key = certificate.public_key()
    hashed = certificate.signature_hash_algorithm
    signed_by = certificate.signature_algorithm_oid.dotted_string
    bits = getattr(key, "key_size", None)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    name = type(key).__name__.lstrip("_").removesuffix("PublicKey").lower()
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": certificate.not_valid_before_utc.timestamp(),
        "not_after": certificate.not_valid_after_utc.timestamp(),
        "names": _names(certificate),
        "key_type": {"ellipticcurve": "ec"}.get(name, name),
        "key_bits": bits if isinstance(bits, int) else {"ed25519": 256, "ed448": 456}.get(name, Absent("a key size")),
        "signature_hash": hashed.name if hashed else _SIGNED_WHOLE.get(signed_by, signed_by),
        "self_signed": certificate.subject == certificate.issuer,
        "is_ca": _is_ca(certificate),
        "sha256": hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest(),
        "key_sha256": hashlib.sha256(der).hexdigest(),
    }


def _names(certificate: Certificate) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(
        str(name.value)
        for name in names
        if isinstance(name, x509.DNSName | x509.IPAddress | x509.RFC822Name | x509.UniformResourceIdentifier)
    )


def _is_ca(certificate: Certificate) -> bool:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def revocation_urls(certificate: Certificate) -> tuple[str, ...]:
    """Where a client can learn that the certificate was revoked: OCSP responders and revocation lists."""
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.x509.oid import AuthorityInformationAccessOID  # noqa: PLC0415 - as above

    found: list[str] = []
    try:
        described = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        responders = (each for each in described if each.access_method == AuthorityInformationAccessOID.OCSP)
        found += [str(each.access_location.value) for each in responders]
    except x509.ExtensionNotFound:
        pass
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        found += [str(name.value) for point in points for name in point.full_name or ()]
    except x509.ExtensionNotFound:
        pass
    return tuple(found)


def must_staple(certificate: Certificate) -> bool:
    """Whether clients are told to refuse the certificate without a stapled answer about its revocation (RFC 7633)."""
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    return x509.TLSFeatureType.status_request in features


def is_for(names: tuple[str, ...], wanted: str) -> bool:
    """Whether a certificate with these alternative names is for this name: `*` stands for one whole label (RFC 9525).

    >>> is_for(("*.example.org",), "WWW.example.org"), is_for(("*.example.org",), "a.b.example.org")
    (True, False)
    """
    wanted = wanted.lower().rstrip(".")
    host, dot, domain = wanted.partition(".")
    return any(name == wanted or (dot and host and name == f"*.{domain}" and "." in domain) for name in map(str.lower, names))


FACTS = (
    Attribute("subject", Type.TEXT, "whom it names, as RFC 4514 text"),
    Attribute("issuer", Type.TEXT, "who issued it, as RFC 4514 text"),
    Attribute("not_before", Type.TIMESTAMP, "when it becomes valid"),
    Attribute("not_after", Type.TIMESTAMP, "when it expires"),
    Attribute("names", Type.LIST, "alternative names: DNS, IP, mail, URI"),
    Attribute("key_type", Type.TEXT, "rsa, ec, dsa, ed25519 or ed448"),
    Attribute("key_bits", Type.INTEGER, "size of the key in bits"),
    Attribute("signature_hash", Type.TEXT, "hash of the signature, such as sha256 or sha1; ed25519 or ed448 for these"),
    Attribute("self_signed", Type.BOOLEAN, "subject and issuer are the same"),
    Attribute("is_ca", Type.BOOLEAN, "it may issue others"),
    Attribute("sha256", Type.TEXT, "SHA-256 fingerprint"),
    Attribute("key_sha256", Type.TEXT, "SHA-256 of its public key: equal where certificates share a key"),
)
"""The fields of a record about a certificate."""
