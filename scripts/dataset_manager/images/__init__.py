"""Pictures: out of a bucket or folder, checked, into the shared cache, with one outcome per candidate.

In: manifests of candidates (which pictures, why). Out: `<output>/cache/pictures/` and outcome files. `shards.py` is the
entry; it uses `walk.py` (which candidate comes next), `fetch.py` (many requests, retries), `store.py` (the sources),
`verify.py` (is it whole?), `space.py` (is there room?) and `cache.py`.
"""
