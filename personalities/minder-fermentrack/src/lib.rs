//! Fermentrack's start script: what keeps its daemon alive from cron.
