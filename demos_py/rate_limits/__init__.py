"""The figures of the chapter on Rate limits, retries and backoff."""

CHAPTER = 11
