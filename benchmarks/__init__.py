"""How long a step takes, against numpy written by hand and against the large libraries."""
