"""The key of a shop that signs its bundles: made once, sealed in the vault, and replaced when the shop wants it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import IntegrityError, transaction
from django.utils import timezone

from jifen.service.acting import actor
from jifen.service.bundle.models import SigningKey
from jifen.service.shop import shop_of
from jifen.service.vault import opened, sealed

__all__ = ["new_key", "public_pem", "signing_key", "signing_keys"]


def signing_keys(using: str = "default") -> list[SigningKey]:
    """The keys of a shop, the one that signs first; it is made where there is none yet."""
    _standing(using)
    return list(SigningKey.objects.using(using).order_by("-made_at"))


def signing_key(using: str = "default") -> Ed25519PrivateKey:
    """The key that signs; ``InputError``: ``no_shop``, and ``wrong_key`` where the vault does not open it."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(opened(bytes(_standing(using).secret))))


def new_key(*, using: str = "default") -> SigningKey:
    """Retire the key until now and sign with another: the old one signs nothing more, and its public half stays."""
    with transaction.atomic(using=using):
        old = SigningKey.objects.using(using).select_for_update().filter(retired_at=None).first()
        if old is not None:
            old.secret, old.retired_at, old.retired_by = b"", timezone.now(), actor()
            old.save(using=using)
        return _made(using)


def public_pem(public: str) -> bytes:
    """A public key as other tools read it."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _standing(using: str) -> SigningKey:
    """The row of the key that signs; of two who make the first one at once, one does."""
    shop_of(using)
    keys = SigningKey.objects.using(using).filter(retired_at=None)
    found = keys.first()
    if found is None:
        try:
            with transaction.atomic(using=using):
                return _made(using)
        except IntegrityError:
            return keys.get()
    return found


def _made(using: str) -> SigningKey:
    made = Ed25519PrivateKey.generate()
    public = made.public_key().public_bytes_raw().hex()
    row = SigningKey(public=public, secret=sealed(made.private_bytes_raw().hex()))
    row.save(using=using, force_insert=True)
    return row
