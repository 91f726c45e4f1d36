"""Chapter 20, batching and speculative decoding."""

CHAPTER = 20
