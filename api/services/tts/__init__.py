"""Text to speech: a text is read aloud."""
