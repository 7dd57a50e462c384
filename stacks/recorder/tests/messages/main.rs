//! Messages, sent to a real HTTP server and a real mosquitto, which come and go.

mod broker;
mod certificate;
mod encrypted;
mod peer;
mod resident;
mod server;
mod to_a_broker;
mod to_a_server;
