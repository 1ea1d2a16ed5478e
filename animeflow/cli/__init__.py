"""The `animeflow` command. Sub-commands import what they need when they run; Dagster only where there is no other way."""
