"""The `animeflow` command. Sub-commands import what they need when they run, Dagster only where it is needed."""
