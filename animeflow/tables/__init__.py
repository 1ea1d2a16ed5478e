"""Schemas, ids, Parquet, workspace, manifests: where the stages meet."""
