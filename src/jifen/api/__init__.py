"""The contract for any shop: ``/api/v1`` as JSON over HTTP, described by OpenAPI."""
