//! circusctl.
