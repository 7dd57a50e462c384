//! acoupi's commands over minder's deployments, tasks and workers.
