"""What leaves the workspace: archives, exports, publishing, retention."""
