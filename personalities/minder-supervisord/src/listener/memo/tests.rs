use proptest::prelude::*;

use super::*;

fn letter() -> impl Strategy<Value = Letter> {
    let kind = proptest::sample::select(EventType::ALL);
    (any::<u64>(), any::<u64>(), kind, ".{0,40}").prop_map(|(serial, pool_serial, kind, payload)| Letter {
        serial,
        pool_serial,
        kind,
        payload: payload.into(),
    })
}

fn listener() -> impl Strategy<Value = Listener> {
    let answer = proptest::option::of((any::<u64>(), proptest::collection::vec(any::<u8>(), 0..3)));
    let partial = proptest::collection::vec(any::<u8>(), 0..20);
    let rest = (any::<bool>(), any::<u32>(), proptest::option::of(any::<u64>()));
    (1..u32::MAX, 0..4_u8, partial, answer, letter(), rest).prop_map(
        |(pid, stage, partial, answer, letter, (closed, refusals, held))| {
            let stage = [Stage::Acknowledged, Stage::Ready, Stage::Busy, Stage::Unknown][usize::from(stage)];
            let answer = answer.map(|(left, head)| Answer { left, head });
            Listener {
                pid: Pid::new(pid).unwrap(),
                dialogue: Dialogue { stage, partial, answer },
                in_hand: (stage == Stage::Busy).then_some(letter),
                ear: if closed { Ear::Closed } else { Ear::Open },
                refusals,
                held_until: held.map(Instant),
            }
        },
    )
}

fn pool() -> impl Strategy<Value = Pool> {
    let waiting = proptest::collection::vec_deque(letter(), 0..5);
    let listeners = proptest::collection::btree_map(any::<u32>().prop_map(InstanceId), listener(), 0..4);
    ("[a-z]{1,9}", any::<u64>(), waiting, listeners).prop_map(|(name, serial, waiting, listeners)| Pool {
        name: GroupName::new(name),
        topics: Vec::new(),
        backlog: 1,
        serials: Serials(serial),
        waiting,
        listeners,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        serial in any::<u64>(),
        last_tick in proptest::option::of(any::<i64>()),
        pools in proptest::collection::vec(pool(), 0..4),
    ) {
        let bytes = encode(Serials(serial), last_tick, pools.iter());
        prop_assert_eq!(decode(&bytes), Some(Recalled { serials: Serials(serial), last_tick, pools }));
    }

    #[test]
    fn a_damaged_memo_is_none_or_another_but_no_panic(
        pools in proptest::collection::vec(pool(), 0..3),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        end in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = encode(Serials(7), Some(1), pools.iter());
        let (at, end) = (at.index(bytes.len()), end.index(bytes.len()));
        prop_assert_eq!(decode(&bytes[..end]), None);
        bytes[at] = byte;
        let _ = decode(&bytes);
    }

    #[test]
    fn garbage_is_no_memo(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }
}

#[test]
fn only_as_much_is_kept_as_may_be_rewritten_each_time() {
    let mut pool = Pool {
        name: GroupName::new("p"),
        topics: Vec::new(),
        backlog: 1000,
        serials: Serials(0),
        waiting: VecDeque::new(),
        listeners: BTreeMap::new(),
    };
    let payload: Arc<str> = "x".repeat(KEPT_BYTES_MAX / 4).into();
    for serial in 0..9 {
        let kind = EventType::ProcessLogStdout;
        pool.waiting.push_back(Letter { serial, pool_serial: serial, kind, payload: payload.clone() });
    }
    let recalled = decode(&encode(Serials(9), None, [pool].iter())).unwrap();
    assert_eq!(recalled.pools[0].waiting.len(), 4);
}
