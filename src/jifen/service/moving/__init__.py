"""Moving in and out: imports, exports, and bundles for auditors."""
