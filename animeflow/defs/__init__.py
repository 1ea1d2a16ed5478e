"""All that Dagster sees: assets, checks, resources, jobs, sensors, and how a stage runs and is stored."""
