"""Sources: transactions, catalogue and pictures; each real (a server) or embedded (files)."""
