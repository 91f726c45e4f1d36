"""The figure that the guide for a first figure builds: docs/contribute/first-figure.md."""
