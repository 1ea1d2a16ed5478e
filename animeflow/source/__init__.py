"""Units of the source, when they are complete, and what a shard's files are."""
