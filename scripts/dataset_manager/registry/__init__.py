"""Publishing a finished dataset: its zip in a bucket, its row in the registry, its receipt in the process."""
