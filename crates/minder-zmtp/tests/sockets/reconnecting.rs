//! Servers that go and come again.

use minder_zmtp::{Bounds, Dealer, Endpoint, Listener, Publisher, Router, Subscriber};
use tempfile::TempDir;

use crate::place::{answer, message, run};
use crate::python::Python;

fn ipc(dir: &TempDir) -> Endpoint {
    Endpoint::Ipc(dir.path().join("socket"))
}

fn listen(endpoint: &Endpoint) -> Listener {
    Listener::new(endpoint.listen().expect("it listens").socket).expect("a listener")
}

#[test]
fn a_dealer_keeps_its_questions_until_there_is_a_server() {
    let dir = TempDir::new().expect("a directory");
    run(async {
        let endpoint = ipc(&dir);
        let mut dealer = Dealer::connect(endpoint.clone(), None).expect("a dealer");
        for _ in 0..3 {
            dealer.send(&["ask"]).expect("there is room");
            let answering =
                tokio::task::spawn_local(answer(Router::new([listen(&endpoint)], Bounds::default())));
            assert_eq!(dealer.recv().await, message(&["answer"]));
            answering.abort();
            assert!(answering.await.is_err());
        }
    });
}

#[test]
fn a_dealer_refuses_what_it_cannot_keep() {
    let dir = TempDir::new().expect("a directory");
    run(async {
        let mut dealer = Dealer::connect(ipc(&dir), None).expect("a dealer");
        let mut kept = 0;
        while dealer.send(&[kept.to_string()]).is_ok() {
            kept += 1;
        }
        assert_eq!(kept, Bounds::default().queued_messages);
        // Nothing has gone, so what comes is the whole, in order.
        let mut router = Router::new([listen(&ipc(&dir))], Bounds::default());
        for number in 0..kept {
            let (peer, frames) = router.recv().await;
            assert_eq!(frames, message(&[&number.to_string()]));
            router.send(&peer, &frames);
            assert_eq!(dealer.recv().await, frames);
        }
    });
}

#[test]
fn a_subscriber_asks_each_new_publisher_again() {
    let dir = TempDir::new().expect("a directory");
    run(async {
        let endpoint = ipc(&dir);
        let mut subscriber = Subscriber::connect(endpoint.clone(), ["a"]).expect("a subscriber");
        subscriber.subscribe(b"b");
        for _ in 0..3 {
            let publisher = Publisher::new([listen(&endpoint)], Bounds::default());
            let mut subscriptions = publisher.subscriptions();
            while !(publisher.is_subscribed(b"a") && publisher.is_subscribed(b"b")) {
                subscriptions.changed().await;
            }
            publisher.publish(&["b", "1"]);
            assert_eq!(subscriber.recv().await, message(&["b", "1"]));
        }
    });
}

#[test]
fn libzmq_finds_a_server_that_came_again() {
    let dir = TempDir::new().expect("a directory");
    run(async {
        let endpoint = ipc(&dir);
        let python = Python::start(&["insistent", &endpoint.to_string(), "3"]);
        for number in 0..3 {
            let mut router = Router::new([listen(&endpoint)], Bounds::default());
            loop {
                let (peer, frames) = router.recv().await;
                // What was asked of the server before may have been asked again.
                if frames == message(&["ask", &number.to_string()]) {
                    router.send(&peer, &["answer", &number.to_string()]);
                    router.replies().flushed().await;
                    break;
                }
            }
        }
        python.finished().await;
    });
}

#[test]
fn libzmq_subscribes_again_to_a_publisher_that_came_again() {
    let dir = TempDir::new().expect("a directory");
    run(async {
        let endpoint = ipc(&dir);
        let python = Python::start(&["sub", &endpoint.to_string(), "a"]);
        for said in [["a", "1"], ["a", "2"], ["end", ""]] {
            let publisher = Publisher::new([listen(&endpoint)], Bounds::default());
            let mut subscriptions = publisher.subscriptions();
            while !(publisher.is_subscribed(b"a") && publisher.is_subscribed(b"end")) {
                subscriptions.changed().await;
            }
            publisher.publish(&said);
            publisher.flushed().await;
        }
        assert_eq!(python.finished().await, "a 1\na 2\n");
    });
}
