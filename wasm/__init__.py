"""The browser side: what is packed before the site generator runs, and finished after it."""
