"""What a run looks like to a person: the figures of a run folder, charts, and one HTML page that needs no network."""
