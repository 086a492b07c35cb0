"""Events to whoever registered for them: signed posts to their URLs, until they take them."""
