"""Made-up shops: what members do under a scenario, run by the engine; and the auditor that the engine is held to."""
