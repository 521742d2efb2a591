"""Access: who may ask, from where."""
