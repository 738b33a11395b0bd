"""Datasets: marks to a frozen request, to a manifest of candidates, to a tree `class/label_id` with its manifest and provenance."""
