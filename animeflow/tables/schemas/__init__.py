"""One module per group: the declared tables of its assets."""
