"""Chapter 2, what is inside the box."""

CHAPTER = 2
