//! `listsockets`: the sockets that processes inherit.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;

use minder_core::control::{Reply, Request};
use minder_core::socket::{Family, SocketPlace};
use serde_json::{Value, json};

use super::Outcome;
use super::reply::{Failure, fields};
use crate::arbiter::Arbiter;
use crate::options::bytes;
use crate::sockets::Socket;

pub(super) async fn execute(arbiter: &Rc<Arbiter>) -> Result<Outcome, Failure> {
    let bound = match arbiter.ask(Request::Sockets).await {
        Ok(Reply::Sockets(bound)) => bound,
        Ok(_) | Err(_) => Vec::new(),
    };
    let bound: BTreeMap<String, SocketAddr> =
        bound.into_iter().filter_map(|(name, address)| Some((name.to_string(), address?))).collect();
    let mut sockets: Vec<Socket> = arbiter.state.borrow().lowering.sockets.values().cloned().collect();
    sockets.sort_by_key(|socket| socket.descriptor);
    let shown: Vec<Value> =
        sockets.iter().map(|socket| show(socket, bound.get(socket.spec.name.as_str()))).collect();
    Ok(Outcome::Now(fields([("sockets", shown.into())])))
}

fn show(socket: &Socket, bound: Option<&SocketAddr>) -> Value {
    let spec = &socket.spec;
    let mut shown = json!({"fd": socket.descriptor, "name": spec.name.as_str(), "backlog": spec.backlog});
    match &spec.place {
        SocketPlace::Port { host, port, family, .. } => {
            // One that each process has for itself is bound nowhere yet.
            let (host, port) = match bound {
                Some(address) => (address.ip().to_string(), address.port()),
                None => (address_of(host, *port, *family), *port),
            };
            shown["host"] = host.into();
            shown["port"] = port.into();
        }
        SocketPlace::File { path, .. } => shown["path"] = bytes::decode(path.as_bytes()).into(),
    }
    shown
}

fn address_of(host: &str, port: u16, family: Family) -> String {
    let fits = |address: &SocketAddr| address.is_ipv6() == (family == Family::V6);
    let found = (host, port).to_socket_addrs().ok().and_then(|mut found| found.find(fits));
    found.map_or_else(|| host.to_owned(), |address| address.ip().to_string())
}
