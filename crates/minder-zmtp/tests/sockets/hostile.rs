//! Peers that say anything, nothing, or too much, while others go on being answered.

use minder_zmtp::{Bounds, Dealer, POOL_BYTES_MAX, Publisher, Router, Sent, TOPIC_BYTES_MAX};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::io::AsyncWriteExt;

use crate::place::{answer, listener, message, run};
use crate::python::Python;
use crate::raw::{Raw, greeting, ready};

const TCP: &str = "tcp://127.0.0.1:*";

#[test]
fn random_bytes_at_the_port_keep_nobody_from_being_answered() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
        let python = Python::start(&["dealer", &endpoint.to_string(), "", "10000"]);
        let noise = tokio::task::spawn_local(async move {
            let mut runner = TestRunner::deterministic();
            let noise = prop::collection::vec(any::<u8>(), 0..4000);
            let beginnings = [
                vec![],
                greeting(1),
                [greeting(1), ready("DEALER", "")].concat(),
                greeting(1)[..20].to_vec(),
            ];
            let mut kept = Vec::new();
            for beginning in beginnings.iter().cycle() {
                let bytes = noise.new_tree(&mut runner).expect("bytes").current();
                let mut raw = Raw::connect(&endpoint).await;
                // The other side may have closed it in the middle.
                let _ = raw.0.write_all(&[&beginning[..], &bytes].concat()).await;
                kept.push(raw);
                kept.drain(..kept.len().saturating_sub(20));
            }
        });
        python.finished().await;
        noise.abort();
    });
}

#[test]
fn a_greeting_that_is_not_ours_ends_the_connection() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let _router = Router::new([listener], Bounds::default());
        let mut curve = greeting(1);
        curve[12..17].copy_from_slice(b"CURVE");
        let mut zmtp_2 = greeting(0);
        zmtp_2[10] = 1;
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            // ZMTP 1.0: an empty identity.
            b"\x01\x00",
            &zmtp_2[..12],
            &curve,
            // A message, or a length beyond all measure, before READY.
            &[&greeting(1)[..], b"\x00\x01a"].concat(),
            &[&greeting(1)[..], b"\x06\xff\xff\xff\xff\xff\xff\xff\xff"].concat(),
            &[&greeting(1)[..], &ready("DEALER", ""), b"\x02\x00\x00\x00\x00\x01\x00\x00\x01"].concat(),
            &[&greeting(1)[..], &ready("DEALER", ""), &[1, 0].repeat(2000)].concat(),
        ] {
            let mut raw = Raw::connect(&endpoint).await;
            let _ = raw.0.write_all(bytes).await;
            raw.ended().await;
        }
    });
}

#[test]
fn whoever_does_not_finish_the_handshake_in_time_is_let_go() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let _router = Router::new([listener], Bounds::default());
        let mut silent = Raw::connect(&endpoint).await;
        let mut half = Raw::connect(&endpoint).await;
        half.say(&greeting(1)[..30]).await;
        let mut mute = Raw::connect(&endpoint).await;
        mute.say(&greeting(1)).await;
        for raw in [&mut silent, &mut half, &mut mute] {
            raw.hear(64).await;
        }
        let before = tokio::time::Instant::now();
        // From here the clock leaps to whatever is waited for.
        tokio::time::pause();
        for mut raw in [silent, half, mute] {
            raw.ended().await;
        }
        assert!(
            before.elapsed() >= Bounds::default().handshake
                && before.elapsed() < Bounds::default().handshake * 2,
            "{:?}",
            before.elapsed()
        );
    });
}

#[test]
fn peers_that_say_nothing_make_room() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
        let mut crowd = Vec::new();
        for n in 0..Bounds::default().peers {
            crowd.push(Raw::dealer(&endpoint, &format!("silent {n}")).await);
        }
        let mut dealer = Dealer::connect(endpoint, None).expect("a dealer");
        dealer.send(&["ask"]).expect("there is room");
        assert_eq!(dealer.recv().await, message(&["answer"]));
        crowd[0].ended().await;
    });
}

#[test]
fn more_peers_than_there_is_room_for_wait_until_one_goes() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
        let mut crowd = Vec::new();
        for n in 0..Bounds::default().peers {
            let mut raw = Raw::dealer(&endpoint, &format!("busy {n}")).await;
            raw.say(b"\x00\x03ask").await;
            raw.hear(1).await;
            crowd.push(raw);
        }
        let mut dealer = Dealer::connect(endpoint, None).expect("a dealer");
        dealer.send(&["ask"]).expect("there is room");
        tokio::select! {
            biased;
            early = dealer.recv() => panic!("{early:?}"),
            () = tokio::time::sleep(std::time::Duration::from_millis(50)) => crowd.truncate(Bounds::default().peers - 1),
        }
        assert_eq!(dealer.recv().await, message(&["answer"]));
    });
}

#[test]
fn a_peer_that_takes_nothing_is_cut_off_and_the_others_are_answered() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let mut router = Router::new([listener], Bounds::default());
        let mut raw = Raw::dealer(&endpoint, "deaf").await;
        raw.say(b"\x00\x01a").await;
        let (deaf, _) = router.recv().await;
        let mut dealer = Dealer::connect(endpoint, None).expect("a dealer");
        let large = vec![0; 100_000];
        while router.send(&deaf, &[&large]) == Sent::Queued {
            tokio::task::yield_now().await;
        }
        assert_eq!(router.send(&deaf, &["x"]), Sent::Unknown);
        dealer.send(&["ask"]).expect("there is room");
        tokio::task::spawn_local(answer(router));
        assert_eq!(dealer.recv().await, message(&["answer"]));
        // What the kernel had taken comes, and then the end.
        raw.ended().await;
    });
}

#[test]
fn a_server_keeps_to_the_bounds_that_it_is_given() {
    run(async {
        let bounds = Bounds {
            peers: 1,
            queued_messages: 2,
            message_bytes: 100,
            handshake: std::time::Duration::from_millis(50),
            ..Bounds::default()
        };
        let (listener, endpoint) = listener(TCP);
        let mut router = Router::new([listener], bounds);
        Raw::connect(&endpoint).await.ended().await;
        let mut raw = Raw::dealer(&endpoint, "a").await;
        raw.say(&[&b"\x00\x64"[..], &[b'x'; 100]].concat()).await;
        let (peer, _) = router.recv().await;
        let sent: Vec<Sent> = (0..3).map(|_| router.send(&peer, &["x"])).collect();
        assert_eq!(sent, [Sent::Queued, Sent::Queued, Sent::CutOff]);
        raw.ended().await;
        let mut raw = Raw::dealer(&endpoint, "b").await;
        raw.say(b"\x00\x65").await;
        raw.ended().await;
    });
}

#[test]
fn whoever_asks_without_reading_is_slowed_down_and_loses_nothing() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
        let body = vec![b'x'; 5_000];
        let count = Bounds::default().queued_messages * 5;
        let Raw(stream) = Raw::dealer(&endpoint, "").await;
        let (mut reading, mut writing) = tokio::io::split(stream);
        let mut question = b"\x01\x03ask\x02\0\0\0\0\0\0".to_vec();
        question.extend_from_slice(&5_000_u16.to_be_bytes());
        question.extend_from_slice(&body);
        let sent = std::rc::Rc::new(std::cell::Cell::new(0));
        let counter = sent.clone();
        let asking = tokio::task::spawn_local(async move {
            for _ in 0..count {
                writing.write_all(&question).await.expect("it is taken in the end");
                counter.set(counter.get() + 1);
            }
        });
        // The queues are full when nothing more goes out.
        let mut last = usize::MAX;
        while last != sent.get() {
            last = sent.get();
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert!(last < count, "the flood was taken whole");
        let mut answers = vec![0; (8 + 9 + 5_000) * count];
        tokio::io::AsyncReadExt::read_exact(&mut reading, &mut answers).await.expect("every answer");
        asking.await.expect("every question");
    });
}

#[test]
fn a_flood_of_commands_that_mean_nothing_keeps_nobody_from_being_answered() {
    run(async {
        let (to_router, router_endpoint) = listener(TCP);
        let (to_publisher, publisher_endpoint) = listener(TCP);
        tokio::task::spawn_local(answer(Router::new([to_router], Bounds::default())));
        let _publisher = Publisher::new([to_publisher], Bounds::default());
        let floods: [(_, &[u8]); 3] = [
            (Raw::dealer(&router_endpoint, "").await, b"\x04\x07\x06FUTURE"),
            (Raw::dealer(&router_endpoint, "").await, b"\x04\x07\x04PING\x00\x00"),
            (Raw::subscriber(&publisher_endpoint, 1).await, b"\x04\x0b\x09SUBSCRIBEa"),
        ];
        let enough = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let threads = floods.map(|(Raw(stream), command)| {
            let mut stream = stream.into_std().expect("a socket");
            stream.set_nonblocking(false).expect("a socket");
            let (bytes, enough) = (command.repeat(10_000), enough.clone());
            std::thread::spawn(move || {
                while !enough.load(std::sync::atomic::Ordering::Relaxed)
                    && std::io::Write::write_all(&mut stream, &bytes).is_ok()
                {}
            })
        });
        let mut dealer = Dealer::connect(router_endpoint, None).expect("a dealer");
        for _ in 0..100 {
            dealer.send(&["ask"]).expect("there is room");
            assert_eq!(dealer.recv().await, message(&["answer"]));
        }
        enough.store(true, std::sync::atomic::Ordering::Relaxed);
        // Those who still write are read until they see it.
        for thread in threads {
            tokio::task::spawn_blocking(|| thread.join()).await.expect("a thread").expect("a flood");
        }
    });
}

#[test]
fn many_halves_of_large_messages_do_not_add_up() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        tokio::task::spawn_local(answer(Router::new([listener], Bounds::default())));
        // Each stops a byte before the end of the largest message there may be.
        let half = [
            &[2][..],
            &(Bounds::default().message_bytes as u64).to_be_bytes(),
            &vec![0; Bounds::default().message_bytes - 1],
        ]
        .concat();
        let mut crowd = Vec::new();
        for _ in 0..=POOL_BYTES_MAX / Bounds::default().message_bytes {
            let mut raw = Raw::dealer(&endpoint, "").await;
            if raw.0.write_all(&half).await.is_ok() {
                crowd.push(raw);
            }
        }
        // All have been sent, but one of them was let go.
        let mut dealer = Dealer::connect(endpoint, None).expect("a dealer");
        dealer.send(&[&b"ask"[..], &[0; 10_000]]).expect("there is room");
        assert_eq!(dealer.recv().await[1].len(), 10_000);
        let ends = crowd.iter_mut().map(|raw| Box::pin(raw.ended()));
        if ends.len() > POOL_BYTES_MAX / Bounds::default().message_bytes {
            first_of(ends.collect()).await;
        }
    });
}

/// Waits for one of several.
async fn first_of(mut all: Vec<std::pin::Pin<Box<impl Future<Output = ()>>>>) {
    std::future::poll_fn(|context| {
        let done = all.iter_mut().any(|one| one.as_mut().poll(context).is_ready());
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[test]
fn a_slow_subscriber_loses_messages_and_the_others_do_not() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let publisher = Publisher::new([listener], Bounds::default());
        let mut subscriptions = publisher.subscriptions();
        let mut slow = Raw::subscriber(&endpoint, 1).await;
        slow.say(b"\x04\x0b\x09SUBSCRIBEa").await;
        let mut quick = minder_zmtp::Subscriber::connect(endpoint, ["a", "b"]).expect("a subscriber");
        while !(subscriptions.is_subscribed(b"a") && subscriptions.is_subscribed(b"b")) {
            subscriptions.changed().await;
        }
        let body = vec![b'x'; 2_000];
        let count = 20_000;
        for number in 0..count {
            publisher.publish(&[&format!("a{number}").into_bytes(), &body]);
            assert_eq!(quick.recv().await[0], format!("a{number}"));
        }
        // What the slow one gets is an unbroken beginning: so much the kernel and the queue have taken.
        let mut got = 0;
        while slow.hear_frame().await == format!("a{got}").into_bytes() {
            assert_eq!(slow.hear_frame().await, body);
            got += 1;
            if got % 500 == 0 {
                // The first of these for which there is room again comes next.
                publisher.publish(&["a later one", ""]);
            }
        }
        assert!(got >= Bounds::default().queued_messages && got < count, "{got}");
    });
}

#[test]
fn a_subscriber_that_wants_too_much_is_cut_off() {
    run(async {
        let (listener, endpoint) = listener(TCP);
        let publisher = Publisher::new([listener], Bounds::default());
        let mut raw = Raw::subscriber(&endpoint, 1).await;
        for number in 0..=TOPIC_BYTES_MAX / 200 {
            let topic = format!("{number:0>200}");
            let _ = raw.0.write_all(&[b"\x04\xd2\x09SUBSCRIBE", topic.as_bytes()].concat()).await;
        }
        raw.ended().await;
        assert!(!publisher.has_subscribers());
    });
}
