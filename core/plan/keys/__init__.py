"""Every key of a workflow file, once: its spellings, what it may be, what it means, what expressions may name there.

From the catalogue come the reader of `core.plan.reading` and the JSON Schema. Read `form.py` (what a form is asked),
`records.py` (mappings with known keys), then `workflow_keys.py` and `job_keys.py`.
"""
