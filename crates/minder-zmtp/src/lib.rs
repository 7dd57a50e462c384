//! ZeroMQ's wire protocol (ZMTP 3) over sockets that somebody else opened.
