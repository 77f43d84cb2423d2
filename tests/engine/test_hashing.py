"""Hashes of columns of texts are those that Python gives."""

from random import Random

from jifen.engine.kernels import hashing
from jifen.ledger.names import Texts


def test_texts_of_every_length_have_the_hash_of_their_bytes() -> None:
    random = Random(1)
    texts = ["", "积分", *("".join(chr(random.randrange(1, 500)) for _ in range(length)) for length in range(300))]
    assert hashing.hashes_of(Texts.of(texts)).tolist() == [hash(text.encode()) for text in texts]


def test_of_a_python_with_another_hash_each_text_is_asked_for(monkeypatch) -> None:
    monkeypatch.setattr(hashing, "_ALGORITHM", "another")
    monkeypatch.setattr(hashing, "hashed", None)
    texts = [f"o{number}" for number in range(100)]
    assert hashing.hashes_of(Texts.of(texts)).tolist() == [hash(text.encode()) for text in texts]
