//! Where one can listen, and with which descriptors.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

use minder_zmtp::{Bounds, Dealer, Endpoint, Listener, Router};
use tempfile::TempDir;

use crate::place::{answer, listener, message, run};

async fn is_answered(endpoint: Endpoint) {
    let mut dealer = Dealer::connect(endpoint, None).expect("a dealer");
    dealer.send(&["ask"]).expect("there is room");
    assert_eq!(dealer.recv().await, message(&["answer"]));
}

#[test]
fn one_can_listen_wherever_an_endpoint_says() {
    let dir = TempDir::new().expect("a directory");
    for place in [
        "tcp://127.0.0.1:0".to_owned(),
        "tcp://*:*".to_owned(),
        "tcp://localhost:0".to_owned(),
        format!("ipc://{}/socket", dir.path().display()),
        format!("ipc://@{}", dir.path().display()),
    ] {
        run(async {
            let (listener, endpoint) = listener(&place);
            assert!(endpoint.is_definite(), "{endpoint}");
            tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
            is_answered(endpoint).await;
        });
    }
}

#[test]
fn a_router_serves_several_listeners() {
    run(async {
        let ((one, first), (other, second)) = (listener("tcp://127.0.0.1:0"), listener("tcp://127.0.0.1:0"));
        tokio::task::spawn_local(answer(Router::new([one, other], Bounds::default())));
        is_answered(first).await;
        is_answered(second).await;
    });
}

#[test]
fn a_name_is_looked_up_when_it_is_connected_to() {
    run(async {
        let (listener, endpoint) = listener("tcp://127.0.0.1:0");
        tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
        is_answered(endpoint.to_string().replace("127.0.0.1", "localhost").parse().expect("an endpoint"))
            .await;
    });
}

#[test]
fn whoever_connects_while_nobody_serves_is_answered_by_the_next_that_does() {
    run(async {
        let bound =
            "tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint").listen().expect("it listens");
        let held = bound.socket.try_clone().expect("a copy");
        let router = Router::new([Listener::new(bound.socket).expect("a listener")], Bounds::default());
        drop(router);
        let mut dealer = Dealer::connect(bound.endpoint, None).expect("a dealer");
        dealer.send(&["ask"]).expect("there is room");
        tokio::select! {
            biased;
            early = dealer.recv() => panic!("{early:?}"),
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
        }
        tokio::task::spawn_local(answer(Router::new(
            [Listener::new(held).expect("a listener")],
            Bounds::default(),
        )));
        assert_eq!(dealer.recv().await, message(&["answer"]));
    });
}

#[test]
fn an_old_socket_is_replaced_and_a_file_is_not() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("socket");
    let endpoint = Endpoint::Ipc(path.clone());
    let first = endpoint.listen().expect("it listens");
    drop(first);
    assert!(path.exists());
    let second = endpoint.listen().expect("it listens again");
    assert_eq!(second.endpoint.path(), Some(&*path));
    std::fs::remove_file(&path).expect("it is there");
    std::fs::write(&path, "precious").expect("a file");
    let refused = endpoint.listen().expect_err("a file is in the way");
    assert_eq!(
        refused.to_string(),
        format!("cannot listen on ipc://{}: Address already in use (os error 98)", path.display())
    );
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "precious");
}

#[test]
fn a_taken_port_is_told() {
    let bound = "tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint").listen().expect("it listens");
    let refused = bound.endpoint.listen().expect_err("it is taken");
    assert_eq!(refused.source.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn only_a_socket_that_listens_is_served() {
    run(async {
        let datagram: OwnedFd = UnixDatagram::unbound().expect("a socket").into();
        let file: OwnedFd = tempfile::tempfile().expect("a file").into();
        for descriptor in [datagram, file] {
            assert!(Listener::new(descriptor).is_err());
        }
    });
}

#[test]
fn a_client_is_not_made_of_what_it_cannot_be() {
    run(async {
        let connect = |endpoint: &str, identity: Option<&[u8]>| {
            Dealer::connect(endpoint.parse().expect("an endpoint"), identity)
                .expect_err("impossible")
                .to_string()
        };
        assert_eq!(
            connect("tcp://*:5555", None),
            "cannot connect to tcp://*:5555: expected a host other than `*` and a port other than 0"
        );
        for identity in [&b""[..], b"\0a", &[1; 256]] {
            assert!(
                connect("tcp://127.0.0.1:1", Some(identity))
                    .ends_with("expected 1 to 255 bytes, the first of them not zero")
            );
        }
    });
}
