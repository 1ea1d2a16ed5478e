"""What is said about kept clips and their drawings."""
