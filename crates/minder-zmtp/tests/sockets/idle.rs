//! Nothing happens when nothing is to be done.

use std::time::Duration;

use minder_zmtp::{Bounds, Dealer, Publisher, Router, Subscriber};

use crate::place::{answer, listener, message, run};

/// How often this thread has gone to sleep.
fn sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("this thread's status");
    let line =
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("a count");
    line.trim().parse().expect("a number")
}

#[test]
fn idle_connections_wake_nobody() {
    run(async {
        let (to_router, router_endpoint) = listener("tcp://127.0.0.1:*");
        let (to_publisher, publisher_endpoint) = listener("tcp://127.0.0.1:*");
        tokio::task::spawn_local(answer(Router::new([to_router], Bounds::default())));
        let publisher = Publisher::new([to_publisher], Bounds::default());
        let mut clients = Vec::new();
        for _ in 0..10 {
            let mut dealer = Dealer::connect(router_endpoint.clone(), None).expect("a dealer");
            dealer.send(&["ask"]).expect("there is room");
            assert_eq!(dealer.recv().await, message(&["answer"]));
            let mut subscriber =
                Subscriber::connect(publisher_endpoint.clone(), ["a"]).expect("a subscriber");
            loop {
                publisher.publish(&["a"]);
                tokio::select! {
                    _ = subscriber.recv() => break,
                    () = tokio::time::sleep(Duration::from_millis(1)) => {}
                }
            }
            clients.push((dealer, subscriber));
        }
        let before = sleeps();
        // Long enough for whatever is done ten times a second, the clients' attempts to connect for one.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let slept = sleeps() - before;
        assert!(slept <= 5, "woken {slept} times");
    });
}
