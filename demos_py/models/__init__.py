"""The book's own models as demos call them: tokenizer, inputs and results. No demo lives here."""
