"""Settings, a module for each place where the application runs."""
