//! Days in the life of plugins, played in a moment: what happens on the left, what they order on the right.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::{Strategy, any, prop};
use serde_json::{Map, Value, json};

use super::command_reloader::CommandReloader;
use super::config::Config;
use super::flapping::Flapping;
use super::full_stats::FullStats;
use super::http_observer::HttpObserver;
use super::plugin::{Event, Failure, Footprint, Name, Order, Orders, Outcome, Plugin, Request};
use super::redis_observer::RedisObserver;
use super::resource_watcher::ResourceWatcher;
use super::statsd::StatsdEmitter;
use super::watchdog::WatchDog;

/// A plugin on a clock of its own.
struct Player<P: Plugin> {
    plugin: P,
    begin: Instant,
    /// Questions that nobody answered yet.
    open: VecDeque<P::Question>,
    told: String,
}

impl<P: Plugin> Player<P> {
    fn new(mut plugin: P) -> Player<P> {
        let begin = Instant::now();
        plugin.begin(begin);
        Player { plugin, begin, open: VecDeque::new(), told: String::new() }
    }

    /// Plays lines of `SECONDS VERB …`. Whatever is due before a line happens first.
    fn play(mut self, timeline: &str) -> String {
        for line in timeline.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (seconds, rest) = line.split_once(' ').expect("a time and more");
            let at = Duration::from_secs_f64(seconds.parse().expect("a time"));
            self.wake_until(at);
            let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let mut orders = Orders::new();
            self.happen(at, verb, rest, &mut orders);
            if verb != "until" {
                self.tell(at, &format!("{verb} {rest}"), orders);
            }
        }
        self.told
    }

    fn wake_until(&mut self, at: Duration) {
        while let Some(due) = self.plugin.wake_at().filter(|due| *due <= self.begin + at) {
            let mut orders = Orders::new();
            self.plugin.woken(due, &mut orders);
            self.tell(due - self.begin, "time", orders);
        }
    }

    fn happen(&mut self, at: Duration, verb: &str, rest: &str, orders: &mut Orders<P::Question>) {
        let now = self.begin + at;
        let object = |text: &str| match serde_json::from_str(text).expect("JSON") {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        };
        match verb {
            "until" => {}
            "event" => {
                let (topic, pid) = rest.split_once(' ').unwrap_or((rest, "0"));
                let payload = object(&json!({"process_pid": pid.parse::<u64>().expect("a pid")}).to_string());
                let topic = format!("watcher.{topic}");
                self.plugin.happened(now, &Event::new(&topic, &payload).expect("a topic"), orders);
            }
            "answer" => {
                let question = self.open.pop_front().expect("a question");
                let answer = match rest {
                    "silence" => Err(Failure::Silent),
                    "no" => Err(Failure::Refused("no".to_owned())),
                    text => Ok(object(text)),
                };
                self.plugin.answered(now, question, answer, orders);
            }
            "heard" => self.plugin.heard(now, rest.replace("\\n", "\n").as_bytes(), orders),
            "took" => {
                let took = rest.parse().map(Duration::from_millis).expect("milliseconds");
                self.plugin.returned(Outcome::Fetched(Ok(took)), orders);
            }
            "code" => self.plugin.returned(Outcome::Fetched(Err(rest.parse().expect("a code"))), orders),
            "info" => {
                let lines = rest.split(' ').filter_map(|line| line.split_once(':'));
                let lines = lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                self.plugin.returned(Outcome::Info(Ok(lines)), orders);
            }
            "trouble" => self.plugin.returned(Outcome::Info(Err(rest.to_owned())), orders),
            "found" => {
                let words: Vec<&str> = rest.split(' ').collect();
                let [watcher, path, modified] = words[..] else { panic!("three words") };
                let modified = Duration::from_secs(modified.parse().expect("seconds"));
                let found = Footprint { path: path.into(), modified: SystemTime::UNIX_EPOCH + modified };
                let outcome = Outcome::Inspected { watcher: watcher.to_owned(), found: Some(found) };
                self.plugin.returned(outcome, orders);
            }
            "lost" => {
                self.plugin.returned(Outcome::Inspected { watcher: rest.to_owned(), found: None }, orders);
            }
            _ => panic!("no verb: {verb}"),
        }
    }

    fn tell(&mut self, at: Duration, what: &str, orders: Orders<P::Question>) {
        let mut left = format!("{:6.1} {what}", at.as_secs_f64());
        if orders.0.is_empty() {
            writeln!(self.told, "{left}").expect("memory");
        }
        for order in orders.0 {
            let right = match order {
                Order::Ask(question, request) => {
                    self.open.push_back(question);
                    format!("ask {}", shown(&request))
                }
                Order::Command(request) => format!("command {}", shown(&request)),
                Order::Count(datagram) => format!("count {datagram}"),
                Order::Say(level, text) => format!("say {level:?} {text}"),
                Order::Run(errand) => format!("run {errand:?}"),
            };
            writeln!(self.told, "{left:<50} | {right}").expect("memory");
            left = String::new();
        }
    }
}

fn shown(request: &Request) -> String {
    let name = match &request.name {
        Some(Name::Exact(name)) => format!(" {name}"),
        Some(Name::FromEvent(name)) => format!(" ~{name}"),
        None => String::new(),
    };
    let properties = match request.properties.is_empty() {
        true => String::new(),
        false => format!(" {}", Value::Object(request.properties.clone())),
    };
    format!("{}{name}{properties}", request.command)
}

/// Compares with what was told before.
fn check(name: &str, told: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../../tests/snapshots" }, {
        insta::assert_snapshot!(name, told);
    });
}

fn flapping(config: &str) -> Player<Flapping> {
    Player::new(Flapping::new(&Config::parse(config), 5.0).expect("a good configuration"))
}

#[test]
fn a_watcher_that_flaps_is_stopped_and_tried_again_a_few_times() {
    let told = flapping("max_retry:2").play(
        "0 event web.spawn 1
         1 event web.reap 1
         1 answer {\"options\": {}}
         2 event web.reap 2
         2 event web.stop
         10 event web.start
         11 event web.reap 3
         12 event web.reap 4
         20 event web.reap 5
         21 event web.reap 6
         30 event web.reap 7
         31 event web.reap 8
         32 event web.start
         99 until",
    );
    check("a_watcher_that_flaps_is_stopped_and_tried_again_a_few_times", &told);
}

#[test]
fn ends_that_were_ordered_or_come_slowly_do_not_flap() {
    let told = flapping("attempts:2:::window:1").play(
        "0 event web.reap 1
         0 answer {\"options\": {}}
         1 event web.kill 2
         2 event web.reap 2
         3 event web.kill 3
         4 event web.spawn 3
         5 event web.remove
         6 event web.reap 3
         6 answer {\"options\": {}}
         12.5 event web.reap 4
         13 event web.reap 5
         14 event web.reap 6
         99 until",
    );
    check("ends_that_were_ordered_or_come_slowly_do_not_flap", &told);
}

#[test]
fn a_watcher_may_have_a_policy_of_its_own() {
    let told = flapping("").play(
        "0 event a_b.reap 1
         0 event a_b.reap 2
         0 event a_b.reap 3
         0.1 answer {\"options\": {\"flapping.attempts\": \"3\", \"flapping.retry_in\": 60, \"flapping.window\": \"x\"}}
         1 event a_b.updated
         1 answer {\"options\": {\"flapping.active\": \"no\"}}
         2 event a_b.reap 4
         3 event a_b.reap 5
         4 event a_b.updated
         4 answer silence
         5 event a_b.reap 6
         6 event a_b.reap 7
         6 event other.reap 8
         6 event other.reap 9
         6 answer no
         99 until",
    );
    check("a_watcher_may_have_a_policy_of_its_own", &told);
}

#[test]
fn every_event_is_counted() {
    let plugin = StatsdEmitter::new(&Config::parse("application_name:myapp:::sample_rate:0.5"));
    let told = Player::new(plugin.expect("a good configuration")).play(
        "0 event web.start
         1 event my.app.spawn 4",
    );
    check("every_event_is_counted", &told);
}

#[test]
fn full_stats_tell_what_everybody_uses() {
    let plugin = FullStats::new(&Config::parse("loop_rate:2"));
    let told = Player::new(plugin.expect("a good configuration")).play(
        "2 answer {\"infos\": {\"web\": {\"1\": {\"cpu\": 1.5, \"mem\": 0.1, \"mem_info1\": \"1.50K\"},
            \"2\": {\"cpu\": 0.1, \"mem\": 0.2, \"mem_info1\": \"3B\"}, \"3\": \"No such process (stopped?)\",
            \"4\": {\"cpu\": \"N/A\", \"mem\": \"N/A\", \"mem_info1\": \"N/A\"}},
            \"plugin:x\": {\"9\": {\"cpu\": 9.0}}, \"idle\": {}}}"
            .replace("\n            ", "")
            .as_str(),
    );
    let told =
        told + &Player::new(FullStats::new(&Config::default()).expect("defaults")).play("60 answer no");
    check("full_stats_tell_what_everybody_uses", &told);
}

const BUSY: &str = r#"{"info": {"7": {"cpu": 99.0, "mem": 1.0, "mem_info1": "300.00M", "children": [
    {"pid": 8, "cpu": 95.0, "mem": 0.5, "mem_info1": "1.00M"}]}}}"#;

fn resources(config: &str, answers: &[&str]) -> String {
    let plugin = ResourceWatcher::new(&Config::parse(config)).expect("a good configuration");
    let timeline: String = answers
        .iter()
        .enumerate()
        .map(|(i, answer)| {
            format!("{} answer {}\n", i + 1, answer.lines().map(str::trim).collect::<String>())
        })
        .collect();
    let told = Player::new(plugin).play(&timeline);
    // The answers are known; what follows from them is not.
    told.lines()
        .map(|line| line.find(" | ").map_or(line, |at| line[at..].trim_start()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_watcher_that_uses_too_much_for_too_long_is_restarted() {
    let idle = r#"{"info": {"7": "No such process (stopped?)"}}"#;
    let told = resources("watcher:web:::loop_rate:1:::max_count:1", &[BUSY, idle, BUSY, BUSY, "no", BUSY]);
    check("a_watcher_that_uses_too_much_for_too_long_is_restarted", &told);
}

#[test]
fn memory_is_limited_in_percent_or_in_bytes_from_both_sides() {
    let config = "service:web:::loop_rate:1:::max_count:0:::max_cpu:0:::health_threshold:0";
    let mut told = String::new();
    for limits in ["max_mem:250M", "max_mem:0.9", "min_mem:301M", "min_mem:250M", "min_mem:2", "min_cpu:99"] {
        told += &format!("{limits}\n{}\n", resources(&format!("{config}:::{limits}"), &[BUSY]));
    }
    check("memory_is_limited_in_percent_or_in_bytes_from_both_sides", &told);
}

#[test]
fn a_child_that_uses_too_much_gets_the_signal_and_nobody_else() {
    let config = "watcher:web:::loop_rate:1:::max_count:1:::max_cpu:98:::max_mem:90:::health_threshold:40\
                  :::process_children:1:::child_signal:10";
    let calm = r#"{"info": {"7": {"cpu": 0.0, "mem": 1.0, "mem_info1": "3.00M", "children": [
        {"pid": 8, "cpu": 95.0, "mem": 0.5, "mem_info1": "1.00M"},
        {"pid": 9, "cpu": 0.0, "mem": 0.5, "mem_info1": "1.00M"}]}}}"#;
    let told = resources(config, &[calm; 3]);
    check("a_child_that_uses_too_much_gets_the_signal_and_nobody_else", &told);
}

fn dog(config: &str) -> Player<WatchDog> {
    Player::new(WatchDog::new(&Config::parse(config), 4242).expect("a good configuration"))
}

#[test]
fn who_gives_no_sign_of_life_is_ended() {
    let told = dog("loop_rate:1:::max_count:2:::watchers_regex:web:::watchers_stop_signal:usr1:::watchers_graceful_timeout:3")
        .play(
            "0.5 event web.spawn 1
             1 answer {\"watchers\": [\"db\", \"web one\", \"plugin:dog\"]}
             1.1 answer {\"pids\": [2, 3, 4242]}
             1.5 event web_one.spawn 5
             1.6 event db.spawn 6
             2 heard 2;2026
             2 heard 2;2026\\n
             2 heard 02;2026
             2 heard 77;2026
             2 heard nonsense
             2.5 event web_one.reap 5
             3.5 heard 2;2026
             6.1 until",
        );
    check("who_gives_no_sign_of_life_is_ended", &told);
}

#[test]
fn a_dog_that_could_not_look_around_looks_again() {
    let told = dog("loop_rate:1").play(
        "1 answer silence
         2 answer {\"watchers\": [\"web\"]}
         2 answer silence
         4 until",
    );
    check("a_dog_that_could_not_look_around_looks_again", &told);
}

#[test]
fn a_command_that_changed_is_restarted() {
    let plugin = CommandReloader::new(&Config::default()).expect("defaults");
    let told = Player::new(plugin).play(
        "1 answer {\"watchers\": [\"web\", \"plugin:x\", \"other\"]}
         1 answer {\"options\": {\"cmd\": \"/bin/web\"}}
         1 found web /bin/web-1 100
         1 answer {\"options\": {\"cmd\": \"sleep 10\"}}
         2 until
         2 lost other
         3 answer {\"watchers\": [\"web\"]}
         3 answer {\"options\": {\"cmd\": \"/bin/web\"}}
         3 found web /bin/web-1 100
         4 answer {\"watchers\": [\"web\"]}
         4 answer {\"options\": {\"cmd\": \"/bin/web\"}}
         4 found web /bin/web-2 100
         5 answer {\"watchers\": [\"web\"]}
         5 answer {\"options\": {\"cmd\": \"/bin/web\"}}
         5 lost web
         6 answer no
         7 answer {\"watchers\": [\"web\"]}
         7 answer {\"options\": {\"cmd\": \"/bin/web\"}}
         7 found web /bin/web-2 101",
    );
    check("a_command_that_changed_is_restarted", &told);
}

#[test]
fn a_redis_is_told_of_and_its_watcher_restarted_when_it_is_silent() {
    let plugin = RedisObserver::new(&Config::parse("loop_rate:1:::restart_on_timeout:redis"));
    let told = Player::new(plugin.expect("a good configuration")).play(
        "3 until
         3 info used_memory:1000 unknown:1 used_cpu_sys:12.340000 mem_fragmentation_ratio:1.20 lru_clock:x
         4 trouble Connection refused
         5 until",
    );
    check("a_redis_is_told_of_and_its_watcher_restarted_when_it_is_silent", &told);
}

#[test]
fn a_page_is_timed_and_its_watcher_restarted_when_it_fails() {
    let plugin = HttpObserver::new(&Config::parse("loop_rate:1:::restart_on_error:web"));
    let told = Player::new(plugin.expect("a good configuration")).play(
        "1 took 12
         2 code 503
         3 code 599",
    );
    check("a_page_is_timed_and_its_watcher_restarted_when_it_fails", &told);
}

#[test]
fn values_that_are_none_are_refused() {
    let told: String = [
        ("attempts:x", Flapping::new(&Config::parse("attempts:x"), 5.0).err()),
        ("loop_rate:0", FullStats::new(&Config::parse("loop_rate:0")).err()),
        ("loop_rate:0.5", CommandReloader::new(&Config::parse("loop_rate:0.5")).err()),
        ("", ResourceWatcher::new(&Config::default()).err()),
        ("max_mem:lots", ResourceWatcher::new(&Config::parse("watcher:x:::max_mem:lots")).err()),
        ("msg_regex:(", WatchDog::new(&Config::parse("msg_regex:("), 1).err()),
        ("watchers_stop_signal:x", WatchDog::new(&Config::parse("watchers_stop_signal:x"), 1).err()),
        ("redis_url:x", RedisObserver::new(&Config::parse("redis_url:x")).err()),
        ("check_url:https://x", HttpObserver::new(&Config::parse("check_url:https://x")).err()),
    ]
    .into_iter()
    .map(|(config, error)| {
        format!("{config} | {}\n", error.map_or("fine".to_owned(), |error| error.to_string()))
    })
    .collect();
    check("values_that_are_none_are_refused", &told);
}

/// Anything that JSON can hold, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-z0-9.]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let keys = proptest::sample::select(vec![
            "cpu",
            "mem",
            "mem_info1",
            "children",
            "pid",
            "7",
            "flapping.window",
        ]);
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..4).prop_map(|pairs| {
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

/// Asks a plugin what it makes of an answer that no circusd gives.
fn survives<P: Plugin>(mut plugin: P, key: &str, answer: &Value) {
    let mut now = Instant::now();
    plugin.begin(now);
    let payload = json!({"process_pid": answer});
    let payload = payload.as_object().expect("an object");
    let mut orders = Orders::new();
    for topic in ["watcher.7.reap", "watcher.7.updated", "watcher.7.spawn"] {
        plugin.happened(now, &Event::new(topic, payload).expect("a topic"), &mut orders);
    }
    for _ in 0..4 {
        now += Duration::from_secs(61);
        plugin.woken(now, &mut orders);
        for order in std::mem::replace(&mut orders, Orders::new()).0 {
            if let Order::Ask(question, _) = order {
                let answer = Map::from_iter([(key.to_owned(), answer.clone())]);
                plugin.answered(now, question, Ok(answer), &mut orders);
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_datagram_hurts_the_dog(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
        let mut dog = WatchDog::new(&Config::default(), 1).expect("defaults");
        let mut orders = Orders::new();
        for datagram in datagrams {
            dog.heard(Instant::now(), &datagram, &mut orders);
        }
        let is_said = |order: &Order<_>| matches!(order, Order::Say(..));
        proptest::prop_assert!(orders.0.iter().all(is_said));
    }

    #[test]
    fn no_answer_hurts_a_plugin(answer in any_json()) {
        let config = Config::parse("watcher:web:::process_children:1:::max_count:0");
        for key in ["info", "infos", "options", "watchers", "pids"] {
            survives(Flapping::new(&config, 5.0).expect("good"), key, &answer);
            survives(FullStats::new(&config).expect("good"), key, &answer);
            survives(ResourceWatcher::new(&config).expect("good"), key, &answer);
            survives(WatchDog::new(&config, 1).expect("good"), key, &answer);
            survives(CommandReloader::new(&config).expect("good"), key, &answer);
        }
    }

    #[test]
    fn a_watcher_is_started_no_more_often_than_it_was_stopped(gaps in prop::collection::vec(0_u64..9000, 0..200)) {
        let mut plugin = Flapping::new(&Config::parse("max_retry:-1"), 5.0).expect("good");
        let (mut now, mut orders, mut balance) = (Instant::now(), Orders::new(), 0_i64);
        for (pid, gap) in gaps.into_iter().enumerate() {
            now += Duration::from_millis(gap);
            if let Some(due) = plugin.wake_at().filter(|due| *due <= now) {
                plugin.woken(due, &mut orders);
                proptest::prop_assert!(plugin.wake_at().is_none_or(|at| at > due));
            }
            let payload = json!({"process_pid": pid});
            let payload = payload.as_object().expect("an object");
            plugin.happened(now, &Event::new("watcher.web.reap", payload).expect("a topic"), &mut orders);
            for order in std::mem::replace(&mut orders, Orders::new()).0 {
                match order {
                    Order::Ask(question, _) => plugin.answered(now, question, Ok(Map::new()), &mut orders),
                    Order::Command(request) if request.command == "stop" => balance += 1,
                    Order::Command(request) if request.command == "start" => balance -= 1,
                    Order::Command(_) | Order::Say(..) | Order::Count(_) | Order::Run(_) => {}
                }
                proptest::prop_assert!(balance >= 0);
            }
        }
    }
}
