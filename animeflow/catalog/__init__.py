"""Tables across shards. They read manifests and tables of whatever is finished, and count what is missing."""
