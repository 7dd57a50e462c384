//! Each socket with its counterpart.

use std::time::Duration;

use minder_zmtp::{Bounds, Dealer, Publisher, Router, Sent, Subscriber};

use crate::place::{answer, listener, message, places, run};
use crate::python::Python;

#[test]
fn a_router_answers_ten_thousand_questions_of_a_dealer_in_order() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let (listener, endpoint) = listener(&place);
            tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
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
            tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
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
            let publisher = Publisher::new([listener], Bounds::default());
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
fn a_publisher_tells_ten_thousand_things_in_order() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let (listener, endpoint) = listener(&place);
            let publisher = Publisher::new([listener], Bounds::default());
            let mut subscriptions = publisher.subscriptions();
            let python = Python::start(&["sub", &endpoint.to_string(), "a"]);
            while !(subscriptions.is_subscribed(b"a") && subscriptions.is_subscribed(b"end")) {
                subscriptions.changed().await;
            }
            let mut expected = String::new();
            for number in 0..10_000 {
                let number = number.to_string();
                publisher.publish(&["a", &number]);
                publisher.publish(&["b", &number]);
                expected += &format!("a {number}\n");
                // One that does not wait is told no more than the queue holds.
                if number.ends_with("00") {
                    publisher.flushed().await;
                }
            }
            publisher.flushed().await;
            publisher.publish(&["end"]);
            assert_eq!(python.finished().await, expected);
        });
    }
}

#[test]
fn a_large_message_comes_whole_both_ways() {
    let (_dir, places) = places();
    for place in places {
        run(async {
            let (listener, endpoint) = listener(&place);
            tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
            Python::start(&["large", &endpoint.to_string(), "15000000"]).finished().await;
        });
    }
}

#[test]
fn libzmq_finds_by_its_heartbeats_that_we_are_there() {
    run(async {
        let (listener, endpoint) = listener("tcp://127.0.0.1:*");
        let mut router = Router::new([listener], Bounds::default());
        let python = Python::start(&["patient", &endpoint.to_string(), "25"]);
        let (peer, _) = router.recv().await;
        // Long enough for some heartbeats to be missed. On a new connection it would have a new name.
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(router.send(&peer, &["answer"]), Sent::Queued);
        python.finished().await;
    });
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
