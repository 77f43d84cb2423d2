"""Hashes of many texts at once: what Python's own ``hash`` gives for the bytes of each, SipHash-1-3 with a secret key.

Tables of names (``ledger.names``) go by that hash. Python asks it of one text at a time; a log has millions.
"""

import ctypes
import sys

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column
from jifen.engine.kernels import compiled, inlined, is_compiling
from jifen.ledger.names import Texts

__all__ = ["hashed", "hashes_of"]

_Words = npt.NDArray[np.uint64]
_Bytes = npt.NDArray[np.uint8]
_State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

_ALGORITHM = "siphash13"
"""What this file knows; of a Python with another one each text is asked for by itself."""
_FEW = 64
_START = tuple(np.frombuffer(b"uespemosmodnarodarenegylsetybdet", dtype=np.uint64))
_END = np.uint64(0xFF)


def hashes_of(texts: Texts) -> Column:
    """What ``texts.hashes()`` gives."""
    if len(texts) < _FEW or not is_compiling() or sys.hash_info.algorithm != _ALGORITHM:
        return texts.hashes()
    key = np.array((ctypes.c_uint64 * 2).in_dll(ctypes.pythonapi, "_Py_HashSecret"), dtype=np.uint64)
    return hashed(*texts.columns(), key)


@compiled
def hashed(content: _Bytes, starts: Column, key: _Words) -> Column:
    """The hash of each text, of bytes end to end and where each begins; ``key`` is two words."""
    hashes = np.empty(len(starts) - 1, dtype=np.int64)
    for text in range(len(hashes)):
        hashes[text] = _hash(content, starts[text], starts[text + 1], key)
    return hashes


@inlined
def _hash(content: _Bytes, start: int, end: int, key: _Words) -> int:
    """The hash of one text."""
    if start == end:
        return 0
    state = key[0] ^ _START[0], key[1] ^ _START[1], key[0] ^ _START[2], key[1] ^ _START[3]
    at = start
    while at + 8 <= end:
        state = _taken(state, _word(content, at, at + 8))
        at += 8
    state = _taken(state, _word(content, at, end) | np.uint64(end - start) << np.uint64(56))
    a, b, c, d = _mixed(_mixed(_mixed((state[0], state[1], state[2] ^ _END, state[3]))))
    found = np.int64(a ^ b ^ c ^ d)
    return found if found != -1 else -2  # type: ignore[return-value]


@inlined
def _word(content: _Bytes, start: int, end: int) -> np.uint64:
    """Up to eight bytes as a number, the first the lowest."""
    word = np.uint64(0)
    for at in range(start, end):
        word |= np.uint64(content[at]) << np.uint64(8 * (at - start))
    return word


@inlined
def _taken(state: _State, word: np.uint64) -> _State:
    """The state with one more word."""
    a, b, c, d = _mixed((state[0], state[1], state[2], state[3] ^ word))
    return a ^ word, b, c, d


@inlined
def _mixed(state: _State) -> _State:
    """One round."""
    a, b, c, d = state
    a, c = a + b, c + d
    b, d = _turned(b, 13) ^ a, _turned(d, 16) ^ c
    a, c = _turned(a, 32) + d, c + b
    return a, _turned(b, 17) ^ c, _turned(c, 32), _turned(d, 21) ^ a


@inlined
def _turned(word: np.uint64, bits: int) -> np.uint64:
    return (word << np.uint64(bits)) | (word >> np.uint64(64 - bits))
