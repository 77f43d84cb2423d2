"""Programs: versions of plans and their gate, disclosures, limits, findings of runs, freezes."""
