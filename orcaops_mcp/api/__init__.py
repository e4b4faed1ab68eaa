"""REST: jobs, logs, artifacts, uploads, runs and the engine itself, live streams, and the document of it all."""
