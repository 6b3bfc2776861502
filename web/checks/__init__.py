"""What `make test-web` checks of a build."""
