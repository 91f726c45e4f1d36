"""Chapter 19, the KV cache."""

CHAPTER = 19
