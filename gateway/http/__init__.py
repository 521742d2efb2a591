"""HTTP: what arrives at a path, in which media type, and what goes back."""
