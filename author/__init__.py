"""What helps to write the book: scaffolds, checks, and a server that rebuilds what is saved."""
