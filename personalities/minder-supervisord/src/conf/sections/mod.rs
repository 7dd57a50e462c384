//! A module a section. Each walks its keys in the original's order of evaluation, which decides which of two mistakes the
//! original reports.

pub(super) mod eventlistener;
pub(super) mod fcgi;
pub(super) mod group;
pub(super) mod limits;
pub(super) mod program;
pub(super) mod rpcinterface;
pub(super) mod servers;
pub(super) mod supervisord;
