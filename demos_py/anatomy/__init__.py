"""Chapter 1, the anatomy of a frontier model."""

CHAPTER = 1
