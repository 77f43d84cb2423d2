"""The compiled loops that read files: cells of CSV, amounts and times, names as numbers."""
