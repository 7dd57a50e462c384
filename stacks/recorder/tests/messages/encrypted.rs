//! Over TLS, with the certificates that the machine believes in.

use std::path::Path;

use serde_json::{Value, json};

use super::broker::Broker;
use super::certificate::Certificate;
use super::peer::wait_until;
use super::resident::{Place, Resident};
use super::server::Server;

fn send(place: &Place, messaging: Value, believed: &Path) -> Value {
    let configuration = place.configure(messaging, &json!(null));
    let mut resident = Resident::start_believing("connected", &configuration, believed);
    resident.run("send_messages_task")["output"].clone()
}

#[test]
fn a_server_is_told_only_when_its_certificate_is_believed() {
    let place = Place::make();
    let certificate = Certificate::make(place.directory.path());
    let other = tempfile::tempdir().unwrap();
    let other = Certificate::make(other.path());
    let mut server = Server::absent(place.directory.path());
    server.come_encrypted(&certificate);
    place.write(0..2);
    let url = server.url("/ok").replace("http:", "https:");
    let messaging = json!({"http": {"base_url": url, "timeout": 2}});
    assert_eq!(send(&place, messaging.clone(), &other.certificate), json!({"remaining": 2}));
    assert_eq!(send(&place, messaging, &certificate.certificate), json!({"remaining": 0}));
    assert_eq!(server.posted().len(), 2);
}

#[test]
fn a_broker_is_told_only_when_its_certificate_is_believed() {
    for transport in ["tcp", "websockets"] {
        let place = Place::make();
        let certificate = Certificate::make(place.directory.path());
        let other = tempfile::tempdir().unwrap();
        let other = Certificate::make(other.path());
        let mut broker = Broker::absent(place.directory.path());
        let port = broker.encrypt(&certificate, transport);
        broker.come();
        let listener = broker.listener();
        place.write(0..2);
        let messaging = json!({"mqtt": {"host": "127.0.0.1", "port": port, "username": "device", "password": "secret",
                                        "timeout": 2, "use_tls": true, "transport": transport}});
        assert_eq!(
            send(&place, messaging.clone(), &other.certificate),
            json!({"remaining": 2}),
            "{transport}"
        );
        assert_eq!(send(&place, messaging, &certificate.certificate), json!({"remaining": 0}), "{transport}");
        wait_until("both are heard", || listener.heard().len() == 2);
    }
}

#[test]
fn a_broker_is_reached_by_a_socket_of_this_machine() {
    let place = Place::make();
    let mut broker = Broker::absent(place.directory.path());
    let socket = broker.listen_at(&place.path("broker.sock"));
    broker.come();
    let listener = broker.listener();
    place.write(0..2);
    let messaging =
        json!({"mqtt": {"host": socket, "username": "device", "password": "secret", "transport": "unix"}});
    assert_eq!(send(&place, messaging, &place.path("nobody")), json!({"remaining": 0}));
    wait_until("both are heard", || listener.heard().len() == 2);
}
