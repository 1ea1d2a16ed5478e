"""What is heard: stems, voice activity, transcription."""
