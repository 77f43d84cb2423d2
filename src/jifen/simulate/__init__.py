"""Made-up shops, and the independent auditor that the engine is held against."""
