"""Everything that measures: metrics, baselines, PEHL as published, studies, speed and load."""
