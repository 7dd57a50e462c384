//! Each socket with its counterpart.

use std::time::Duration;

use minder_zmtp::{Bytes, Dealer, Endpoint, Listener, Message, Publisher, Router, Subscriber};
use tempfile::TempDir;
use tokio::task::LocalSet;

use crate::python::Python;

/// Runs on a loop of its own, and not for ever.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let within = async { tokio::time::timeout(Duration::from_secs(100), work).await };
    LocalSet::new().block_on(&runtime, within).expect("the test ends in time")
}

/// Places to listen: TCP, and a socket in a directory of its own.
fn places() -> (TempDir, [String; 2]) {
    let dir = TempDir::new().expect("a directory");
    let ipc = format!("ipc://{}/socket", dir.path().display());
    (dir, ["tcp://127.0.0.1:*".to_owned(), ipc])
}

fn listener(place: &str) -> (Listener, Endpoint) {
    let bound = place.parse::<Endpoint>().expect("an endpoint").listen().expect("it can be listened on");
    (Listener::new(bound.socket).expect("a listener"), bound.endpoint)
}

/// Answers questions for ever.
async fn answer(mut router: Router) {
    loop {
        let (peer, mut frames) = router.recv().await;
        let word = frames.iter().position(|frame| frame == "ask").expect("a question");
        frames[word] = Bytes::from_static(b"answer");
        router.send(&peer, &frames);
    }
}

#[test]
fn a_router_answers_ten_thousand_questions_of_a_dealer_in_order() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let (listener, endpoint) = listener(&place);
            tokio::task::spawn_local(answer(Router::new([listener])));
            Python::start(&["dealer", &endpoint.to_string(), "me", "10000"]).finished().await;
        });
    }
}

#[test]
fn a_router_answers_those_who_ask_one_thing_at_a_time() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let (listener, endpoint) = listener(&place);
            tokio::task::spawn_local(answer(Router::new([listener])));
            Python::start(&["req", &endpoint.to_string(), "200"]).finished().await;
        });
    }
}

#[test]
fn a_dealer_asks_a_router_ten_thousand_questions() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let mut python = Python::start(&["router", &place, "10000"]);
            let mut dealer = Dealer::connect(python.endpoint(), Some(b"me")).expect("a dealer");
            for number in 0..10_000 {
                let question = [b"ask".to_vec(), number.to_string().into_bytes()];
                while dealer.send(&question).is_err() {
                    dealer.flushed().await;
                }
                // Some are under way at a time.
                if number >= 100 {
                    assert_eq!(dealer.recv().await, message(&["answer", &(number - 100).to_string()]));
                }
            }
            for number in 9_900..10_000 {
                assert_eq!(dealer.recv().await, message(&["answer", &number.to_string()]));
            }
            python.finished().await;
        });
    }
}

#[test]
fn a_publisher_tells_a_subscriber_what_begins_with_its_topics() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let (listener, endpoint) = listener(&place);
            let publisher = Publisher::new([listener]);
            let mut subscriptions = publisher.subscriptions();
            let python = Python::start(&["sub", &endpoint.to_string(), "watcher.a", "stat."]);
            while !(subscriptions.is_subscribed(b"stat.x") && subscriptions.is_subscribed(b"end")) {
                subscriptions.changed().await;
            }
            for topic in ["watcher.a", "watcher.ab.start", "watcher.b", "stat", "stat.x", ""] {
                publisher.publish(&[topic, "said"]);
            }
            publisher.publish(&["end"]);
            let heard = python.finished().await;
            assert_eq!(heard, "watcher.a said\nwatcher.ab.start said\nstat.x said\n");
            while subscriptions.has_subscribers() {
                subscriptions.changed().await;
            }
        });
    }
}

#[test]
fn a_subscriber_hears_what_begins_with_its_topics() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let mut python = Python::start(&["pub", &place, "watcher", "10000"]);
            let mut subscriber =
                Subscriber::connect(python.endpoint(), ["watcher", "end"]).expect("a subscriber");
            for number in 0..10_000 {
                assert_eq!(subscriber.recv().await, message(&["watcher.x", &number.to_string()]));
            }
            assert_eq!(subscriber.recv().await, message(&["end"]));
            python.finished().await;
        });
    }
}

fn message(frames: &[&str]) -> Message {
    frames.iter().map(|frame| Bytes::copy_from_slice(frame.as_bytes())).collect()
}
