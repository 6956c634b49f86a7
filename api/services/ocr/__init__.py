"""Optical character recognition: the text of pictures and documents."""
