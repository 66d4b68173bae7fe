"""Questions that checks ask the running services, one module per service."""
