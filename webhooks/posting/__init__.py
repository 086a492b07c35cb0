"""Getting waiting events to their endpoints."""
