"""Events for outside parties: CloudEvents over a webhook."""
