"""The messages-and-notices dialect: URLs, views, bodies, filters, errors."""
