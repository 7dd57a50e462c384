//! What goes over the wire, byte by byte.

use std::time::Duration;

use minder_zmtp::{Bounds, Dealer, Publisher, Router, Subscriber};
use tokio::net::TcpListener;

use crate::place::{listener, message, run};
use crate::raw::{Raw, greeting, ready};

const TCP: &str = "tcp://127.0.0.1:*";

#[test]
fn what_libzmq_said_is_understood_however_it_was_cut() {
    let recorded = [&greeting(1)[..], &ready("DEALER", "me"), b"\x01\x00\x01\x05hello\x00\x00"].concat();
    for size in [1, 2, 7, 64, 65, recorded.len()] {
        run(async {
            let (listener, endpoint) = listener(TCP);
            let mut router = Router::new([listener], Bounds::default());
            let mut raw = Raw::connect(&endpoint).await;
            for piece in recorded.chunks(size) {
                raw.say(piece).await;
                tokio::task::yield_now().await;
            }
            let (peer, frames) = router.recv().await;
            assert_eq!((peer.id(), frames), (&b"me"[..], message(&["", "hello", ""])));
            raw.hear_handshake(b"ROUTER").await;
            router.send(&peer, &["", "world"]);
            assert_eq!(raw.hear(9).await, b"\x01\x00\x00\x05world");
        });
    }
}

#[test]
fn a_ping_is_answered_with_its_context() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let _router = Router::new([listener], Bounds::default());
        let mut raw = Raw::dealer(&endpoint, "").await;
        raw.say(b"\x04\x0a\x04PING\x00\x00abc").await;
        assert_eq!(raw.hear(10).await, b"\x04\x08\x04PONGabc");
        // Whatever else there may be is ignored.
        raw.say(b"\x04\x07\x06FUTURE\x04\x06\x05ERROR\x04\x07\x04PING\x00\x00").await;
        assert_eq!(raw.hear(7).await, b"\x04\x05\x04PONG");
    });
}

#[test]
fn a_peer_that_breaks_its_promise_to_speak_is_let_go() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let _router = Router::new([listener], Bounds::default());
        let mut faithful = Raw::dealer(&endpoint, "").await;
        let mut faithless = Raw::dealer(&endpoint, "").await;
        faithful.say(b"\x04\x07\x04PING\x00\x01\x00\x00").await;
        faithless.say(b"\x04\x07\x04PING\x00\x01").await;
        faithless.ended().await;
        faithful.say(b"\x04\x07\x04PING\x00\x00").await;
        assert_eq!(faithful.hear(14).await, b"\x04\x05\x04PONG\x04\x05\x04PONG");
    });
}

#[test]
fn subscriptions_are_messages_in_version_3_0_and_commands_in_3_1() {
    let cases: [(u8, &[u8], &[u8]); 3] = [
        (0, b"\x00\x02\x01a\x00\x03\x01bc", b"\x00\x02\x00a"),
        (1, b"\x04\x0b\x09SUBSCRIBEa\x04\x0c\x09SUBSCRIBEbc", b"\x04\x08\x06CANCELa"),
        // libzmq takes both forms in every version.
        (1, b"\x00\x02\x01a\x00\x03\x01bc", b"\x00\x02\x00a"),
    ];
    for (minor, subscribe, cancel) in cases {
        run(async {
            let (listener, endpoint) = listener(TCP);
            let publisher = Publisher::new([listener], Bounds::default());
            let mut subscriptions = publisher.subscriptions();
            assert!(!publisher.has_subscribers());
            let mut raw = Raw::subscriber(&endpoint, minor).await;
            raw.say(subscribe).await;
            while !(publisher.is_subscribed(b"a") && publisher.is_subscribed(b"bcd")) {
                subscriptions.changed().await;
            }
            assert!(!publisher.is_subscribed(b"b") && !publisher.is_subscribed(b""));
            publisher.publish(&["ab", "1"]);
            raw.say(cancel).await;
            while publisher.is_subscribed(b"a") {
                subscriptions.changed().await;
            }
            publisher.publish(&["ab", "2"]);
            publisher.publish(&["bc", "3"]);
            assert_eq!(raw.hear(14).await, b"\x01\x02ab\x00\x011\x01\x02bc\x00\x013");
            drop(raw);
            while publisher.has_subscribers() {
                subscriptions.changed().await;
            }
        });
    }
}

#[test]
fn a_subscriber_asks_each_publisher_in_its_own_way() {
    let cases: [(u8, &[u8], &[u8]); 2] = [
        (0, b"\x00\x01\x01\x00\x02\x01a", b"\x00\x02\x00a\x00\x02\x01b"),
        (1, b"\x04\x0a\x09SUBSCRIBE\x04\x0b\x09SUBSCRIBEa", b"\x04\x08\x06CANCELa\x04\x0b\x09SUBSCRIBEb"),
    ];
    for (minor, first, later) in cases {
        run(async {
            let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
            let endpoint =
                format!("tcp://{}", tcp.local_addr().expect("an address")).parse().expect("an endpoint");
            let mut subscriber = Subscriber::connect(endpoint, ["a", ""]).expect("a subscriber");
            let mut raw = Raw(tcp.accept().await.expect("it connects").0);
            raw.say(&[greeting(minor), ready("PUB", "")].concat()).await;
            raw.hear_handshake(b"SUB").await;
            assert_eq!(raw.hear(first.len()).await, first);
            subscriber.subscribe(b"b");
            subscriber.unsubscribe(b"a");
            assert_eq!(raw.hear(later.len()).await, later);
            raw.say(b"\x01\x01b\x00\x00").await;
            assert_eq!(subscriber.recv().await, message(&["b", ""]));
        });
    }
}

#[test]
fn whoever_does_not_go_with_a_socket_is_let_go() {
    run(async {
        let (to_router, router_endpoint) = listener(TCP);
        let (to_publisher, publisher_endpoint) = listener(TCP);
        let (_router, _publisher) =
            (Router::new([to_router], Bounds::default()), Publisher::new([to_publisher], Bounds::default()));
        for (endpoint, socket_type) in
            [(&router_endpoint, "SUB"), (&router_endpoint, "REP"), (&publisher_endpoint, "DEALER")]
        {
            let mut raw = Raw::connect(endpoint).await;
            raw.say(&[greeting(1), ready(socket_type, "")].concat()).await;
            raw.ended().await;
        }
    });
}

#[test]
fn a_second_peer_of_the_same_name_is_not_heard_before_the_first_has_gone() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let mut router = Router::new([listener], Bounds::default());
        let mut first = Raw::dealer(&endpoint, "me").await;
        first.say(b"\x00\x01a").await;
        let (peer, frames) = router.recv().await;
        assert_eq!(frames, message(&["a"]));
        let mut second = Raw::dealer(&endpoint, "me").await;
        // The answer to the PING shows that what came before it was read.
        second.say(b"\x00\x01b\x04\x07\x04PING\x00\x00").await;
        second.hear(7).await;
        router.send(&peer, &["x"]);
        assert_eq!(first.hear(3).await, b"\x00\x01x");
        drop(first);
        let mut number = 0;
        let frames = loop {
            second.say(format!("\x00\x02c{number}").as_bytes()).await;
            number += 1;
            if let Ok((_, frames)) = tokio::time::timeout(Duration::from_millis(50), router.recv()).await {
                break frames;
            }
        };
        assert!(frames[0].starts_with(b"c"), "{frames:?}");
        router.send(&peer, &["y"]);
        assert_eq!(second.hear(3).await, b"\x00\x01y");
    });
}

#[test]
fn what_a_peer_said_before_it_went_is_heard() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let mut router = Router::new([listener], Bounds::default());
        let dealer = Dealer::connect(endpoint, None).expect("a dealer");
        for number in 0..20 {
            dealer.send(&[number.to_string()]).expect("there is room");
        }
        dealer.flushed().await;
        drop(dealer);
        for number in 0..20 {
            let (peer, frames) = router.recv().await;
            assert_eq!(frames, message(&[&number.to_string()]));
            router.send(&peer, &["ok"]);
        }
    });
}
