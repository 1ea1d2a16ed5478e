"""What is in a file, once its first pictures are decoded: the probe, how its pictures were made, its facts."""
