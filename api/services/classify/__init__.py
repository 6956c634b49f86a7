"""Image classification: what is in the picture."""
