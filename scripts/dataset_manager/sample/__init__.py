"""The sample deployment: seeded, any size, in the embedded form."""
