"""AV1: the plan of an encode, encoding it, and the proof that it holds what its source holds."""
