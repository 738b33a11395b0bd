"""Drawings of fruit and vegetables on a scale, good enough for a person to tell the classes apart."""
