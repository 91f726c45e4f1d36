"""The numerics of the figures. They import NumPy only and know nothing of pages."""
