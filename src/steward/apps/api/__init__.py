"""The HTTP service: `create_app` puts routes, errors and the follower of the champion around a `Service`."""
