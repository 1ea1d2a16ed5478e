"""Resources: the workspace, the settings, the models, and the stages that are built from them."""
