//! What becomes of what daemons tell: timelines, and what the core does about them.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use minder_kegbot::api::Tap;
use minder_kegbot::core::token::Token;
use minder_kegbot::core::{Core, Effect, Input, Now, Owner};
use minder_kegbot::kegnet::{Event, FlowRequest, Request, TokenAuth, TokenStatus};

const SCALE: f64 = 1000.0 / 2200.0;

/// A core with two taps, of which the first has a relay, and what it has done.
struct Bar {
    core: Core,
    up: Duration,
    /// How far the clock on the wall was set forward since the start, s.
    set: i64,
    told: String,
    /// Whose every token is.
    owner: Owner,
    /// Tokens that the server has not answered about.
    asked: Vec<(String, Token)>,
}

fn tap(meter: &str, relay: Option<&str>, ml_per_tick: f64) -> Tap {
    Tap {
        name: meter.to_owned(),
        meter_name: meter.to_owned(),
        ml_per_tick,
        relay_name: relay.map(str::to_owned),
        percent_full: None,
        beer: None,
        brewer: None,
        temperature: None,
    }
}

impl Bar {
    fn new() -> Self {
        let mut bar = Self {
            core: Core::new(at(Duration::ZERO, 0)),
            up: Duration::ZERO,
            set: 0,
            told: String::new(),
            owner: Owner::User("mikey".to_owned()),
            asked: Vec::new(),
        };
        bar.input(Input::Taps(vec![
            tap("kegboard.flow0", Some("kegboard.relay0"), SCALE),
            tap("kegboard.flow1", None, SCALE),
        ]));
        bar.told.clear();
        bar
    }

    fn input(&mut self, input: Input) {
        let effects = self.core.step(at(self.up, self.set), input);
        for effect in effects {
            let line = match effect {
                Effect::Tell(Event::FlowUpdate(flow)) => {
                    let user = flow.username.as_deref().unwrap_or("-");
                    format!("flow {} {} {} {user}", flow.tap_name, flow.state.word(), flow.ticks)
                }
                Effect::Tell(Event::SetRelayOutput { output_name, mode }) => {
                    format!("{output_name} {}", mode.word())
                }
                Effect::Tell(other) => other.to_string(),
                Effect::Say(part, level, text) => format!("({part}) {level:?} {text}"),
                Effect::LookUp { tap, token } => {
                    self.asked.push((tap.clone(), token.clone()));
                    format!("whose is {} at {tap}?", token.value)
                }
                Effect::Keep(flow) => {
                    let (user, seconds) = (&flow.username, flow.seconds());
                    format!("drink {} {:.1} mL {seconds} s '{user}'", flow.ticks, flow.volume_ml())
                }
                Effect::Forget(_) => "forgotten".to_owned(),
                Effect::Save(flow) => format!("saved at {} ticks", flow.ticks),
                Effect::Record { sensor, degrees } => format!("{sensor} is {degrees}"),
            };
            let _ = writeln!(self.told, "{:>6.1} {line}", self.up.as_secs_f64());
        }
    }

    /// Lets time pass, with all that happens by itself.
    fn pass(&mut self, seconds: f64) {
        let end = self.up + Duration::from_secs_f64(seconds);
        while let Some(beat) = self.core.next_beat().filter(|beat| *beat <= end) {
            self.up = beat;
            self.input(Input::Beat);
        }
        self.up = end;
    }

    fn hear(&mut self, event: Event) {
        self.input(Input::Heard(event));
    }

    fn reading(&mut self, tap: &str, reading: i64) {
        self.hear(Event::MeterUpdate { tap_name: tap.to_owned(), reading });
    }

    fn ask(&mut self, request: Request) {
        self.hear(Event::FlowRequest(FlowRequest { tap_name: "kegboard.flow0".to_owned(), request }));
    }

    fn token(&mut self, device: &str, status: TokenStatus, tap: &str) {
        self.hear(Event::TokenAuth(TokenAuth {
            tap_name: tap.to_owned(),
            auth_device_name: device.to_owned(),
            token_value: "680096068f".to_owned(),
            status,
        }));
    }

    /// The server says whose the tokens are.
    fn answer(&mut self) {
        for (tap, token) in std::mem::take(&mut self.asked) {
            let owner = self.owner.clone();
            self.input(Input::LookedUp { tap, token, owner });
        }
    }

    #[track_caller]
    fn told(&mut self, expected: &str) {
        let told = std::mem::take(&mut self.told);
        let lines =
            |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n");
        assert_eq!(lines(&told), lines(expected.trim()));
    }
}

fn at(up: Duration, set: i64) -> Now {
    let start = Timestamp::from_second(0x6b01_3702 + set).unwrap();
    let wall = start + jiff::SignedDuration::try_from(up).unwrap();
    Now { up, wall }
}

const TAP: &str = "kegboard.flow0";

#[test]
fn an_anonymous_pour_is_told_kept_and_ends_when_it_idles() {
    let mut bar = Bar::new();
    for reading in [0, 250, 500, 750, 1000] {
        bar.reading(TAP, reading);
        bar.up += Duration::from_millis(100);
    }
    bar.pass(15.0);
    bar.told(
        "0.1 (flowmanager) Info Starting flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=0 username='' max_idle=0:00:10>
         0.1 flow kegboard.flow0 initial 0 -
         0.1 flow kegboard.flow0 active 250 -
         0.2 flow kegboard.flow0 active 500 -
         0.3 flow kegboard.flow0 active 750 -
         0.4 flow kegboard.flow0 active 1000 -
         1.1 saved at 1000 ticks
         11.1 (flowmanager) Info Flow has become too idle, ending: <Flow 0x6b013702: tap=kegboard.flow0 ticks=1000 username='' max_idle=0:00:10>
         11.1 flow kegboard.flow0 idle 1000 -
         11.1 (flowmanager) Info Stopping flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=1000 username='' max_idle=0:00:10>
         11.1 kegboard.relay0 disabled
         11.1 flow kegboard.flow0 completed 1000 -
         11.1 (drink-manager) Info Flow completed: flow_id=0x6b013702
         11.1 drink 1000 454.5 mL 0 s ''",
    );
    assert_eq!(bar.core.next_beat(), None, "nothing wakes a core that has nothing to do");
}

#[test]
fn a_token_opens_the_valve_for_its_owner_and_what_comes_meanwhile_waits_for_the_server() {
    let mut bar = Bar::new();
    bar.reading(TAP, 0);
    bar.token("core.rfid", TokenStatus::Added, TAP);
    bar.token("core.rfid", TokenStatus::Removed, TAP);
    bar.reading(TAP, 100);
    bar.up += Duration::from_millis(300);
    bar.answer();
    bar.pass(2.0);
    bar.told(
        "0.0 (auth-manager) Info Token attached: core.rfid=680096068f@kegboard.flow0
         0.0 whose is 680096068f at kegboard.flow0?
         0.3 (flowmanager) Info Starting flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=0 username='mikey' max_idle=0:00:20>
         0.3 flow kegboard.flow0 initial 0 mikey
         0.3 kegboard.relay0 enabled
         0.3 (auth-manager) Info Token detached: core.rfid=680096068f@kegboard.flow0
         0.3 flow kegboard.flow0 active 100 mikey
         1.3 saved at 100 ticks
         1.3 kegboard.relay0 enabled
         2.3 kegboard.relay0 enabled",
    );
}

#[test]
fn a_key_that_is_pulled_ends_the_flow_at_once_and_one_that_was_shown_does_not() {
    let mut bar = Bar::new();
    bar.token("core.onewire", TokenStatus::Added, TAP);
    bar.answer();
    bar.token("core.onewire", TokenStatus::Removed, TAP);
    bar.token("core.onewire", TokenStatus::Removed, TAP);
    bar.told(
        "0.0 (auth-manager) Info Token attached: core.onewire=680096068f@kegboard.flow0
         0.0 whose is 680096068f at kegboard.flow0?
         0.0 (flowmanager) Info Starting flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=0 username='mikey' max_idle=0:02:00>
         0.0 flow kegboard.flow0 initial 0 mikey
         0.0 kegboard.relay0 enabled
         0.0 (auth-manager) Info Token detached: core.onewire=680096068f@kegboard.flow0
         0.0 (flowmanager) Info Stopping flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=0 username='mikey' max_idle=0:02:00>
         0.0 kegboard.relay0 disabled
         0.0 flow kegboard.flow0 completed 0 mikey
         0.0 (drink-manager) Info Flow completed: flow_id=0x6b013702
         0.0 (drink-manager) Info Not recording flow: volume (0 mL) <= MIN_VOLUME_TO_RECORD (10)
         0.0 forgotten
         0.0 (auth-manager) Info Token detached: core.onewire=680096068f@kegboard.flow0
         0.0 (auth-manager) Warning Token has already been removed",
    );
}

#[test]
fn a_swipe_at_every_tap_asks_once_a_tap_and_the_same_token_again_changes_nothing() {
    let mut bar = Bar::new();
    bar.owner = Owner::Nobody;
    bar.token("core.rfid", TokenStatus::Added, "__all_taps__");
    bar.answer();
    bar.token("core.rfid", TokenStatus::Added, "__all_taps__");
    bar.told(
        "0.0 (auth-manager) Info Token attached: core.rfid=680096068f@kegboard.flow0
         0.0 whose is 680096068f at kegboard.flow0?
         0.0 (auth-manager) Info Token attached: core.rfid=680096068f@kegboard.flow1
         0.0 whose is 680096068f at kegboard.flow1?
         0.0 (auth-manager) Info Token not assigned: core.rfid=680096068f@kegboard.flow0
         0.0 (auth-manager) Info Token not assigned: core.rfid=680096068f@kegboard.flow1
         0.0 (auth-manager) Info Token attached: core.rfid=680096068f@kegboard.flow0
         0.0 (auth-manager) Info Token attached: core.rfid=680096068f@kegboard.flow1",
    );
}

#[test]
fn owners_take_over_replace_and_are_not_robbed_by_nobody() {
    let mut bar = Bar::new();
    bar.reading(TAP, 0);
    bar.reading(TAP, 500);
    bar.token("core.rfid", TokenStatus::Added, TAP);
    bar.answer();
    bar.ask(Request::Start);
    bar.told.clear();
    bar.owner = Owner::User("anna".to_owned());
    bar.hear(Event::TokenAuth(TokenAuth {
        tap_name: TAP.to_owned(),
        auth_device_name: "core.rfid".to_owned(),
        token_value: "aa".to_owned(),
        status: TokenStatus::Added,
    }));
    bar.answer();
    bar.ask(Request::Stop);
    bar.told(
        "0.0 (auth-manager) Info Token attached: core.rfid=aa@kegboard.flow0
         0.0 (auth-manager) Info Removing previous token
         0.0 (auth-manager) Info Token detached: core.rfid=680096068f@kegboard.flow0
         0.0 whose is aa at kegboard.flow0?
         0.0 (flowmanager) Info User \"anna\" is replacing the existing flow
         0.0 (flowmanager) Info Stopping flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=500 username='mikey' max_idle=0:00:20>
         0.0 kegboard.relay0 disabled
         0.0 flow kegboard.flow0 completed 500 mikey
         0.0 (drink-manager) Info Flow completed: flow_id=0x6b013702
         0.0 drink 500 227.3 mL 0 s 'mikey'
         0.0 (flowmanager) Info Starting flow: <Flow 0x6b013703: tap=kegboard.flow0 ticks=0 username='anna' max_idle=0:00:20>
         0.0 flow kegboard.flow0 initial 0 anna
         0.0 kegboard.relay0 enabled
         0.0 (flowmanager) Info Stopping flow: <Flow 0x6b013703: tap=kegboard.flow0 ticks=0 username='anna' max_idle=0:00:20>
         0.0 kegboard.relay0 disabled
         0.0 flow kegboard.flow0 completed 0 anna
         0.0 (drink-manager) Info Flow completed: flow_id=0x6b013703
         0.0 (drink-manager) Info Not recording flow: volume (0 mL) <= MIN_VOLUME_TO_RECORD (10)
         0.0 forgotten",
    );
}

#[test]
fn taking_over_tells_of_the_owner_and_of_the_time() {
    let mut bar = Bar::new();
    bar.reading(TAP, 0);
    bar.reading(TAP, 500);
    bar.told.clear();
    bar.token("core.rfid", TokenStatus::Added, TAP);
    bar.answer();
    bar.told(
        "0.0 (auth-manager) Info Token attached: core.rfid=680096068f@kegboard.flow0
         0.0 whose is 680096068f at kegboard.flow0?
         0.0 (flowmanager) Info User \"mikey\" is taking over the existing flow
         0.0 flow kegboard.flow0 active 500 mikey
         0.0 flow kegboard.flow0 active 500 mikey",
    );
}

#[test]
fn nine_seconds_are_one_drink_and_eleven_are_two() {
    let drinks = |gap: f64| {
        let mut bar = Bar::new();
        bar.reading(TAP, 0);
        bar.reading(TAP, 500);
        bar.pass(gap);
        bar.reading(TAP, 1000);
        bar.pass(30.0);
        bar.told.matches(" drink ").count()
    };
    assert_eq!((drinks(9.0), drinks(12.0)), (1, 2));
}

#[test]
fn a_clock_that_is_set_in_a_pour_changes_neither_its_end_nor_its_length() {
    for set in [-365 * 86_400, 3 * 3600, 365 * 86_400] {
        let mut bar = Bar::new();
        bar.reading(TAP, 0);
        bar.reading(TAP, 500);
        bar.pass(3.0);
        bar.set = set;
        bar.reading(TAP, 1000);
        bar.pass(8.0);
        assert!(!bar.told.contains(" drink "), "{set}: it goes on as long as it may idle\n{}", bar.told);
        bar.pass(4.0);
        assert!(bar.told.contains(" drink 1000 454.5 mL 3 s ''"), "{set}: {}", bar.told);
    }
}

#[test]
fn a_server_that_is_slow_about_a_token_splits_no_pour() {
    let mut bar = Bar::new();
    bar.reading(TAP, 0);
    bar.reading(TAP, 500);
    bar.token("core.rfid", TokenStatus::Added, TAP);
    for at in 1..=12 {
        bar.pass(1.0);
        bar.reading(TAP, 500 + 10 * at);
    }
    bar.answer();
    bar.pass(30.0);
    assert_eq!(bar.told.matches(" drink ").count(), 1, "{}", bar.told);
    assert!(bar.told.contains(" drink 620 281.8 mL"), "{}", bar.told);
}

#[test]
fn ten_millilitres_are_no_drink() {
    let recorded = |ticks| {
        let mut bar = Bar::new();
        bar.reading(TAP, 0);
        bar.reading(TAP, ticks);
        bar.pass(30.0);
        bar.told.contains(" drink ")
    };
    assert_eq!((recorded(10), recorded(22), recorded(23)), (false, false, true));
}

#[test]
fn a_clean_end_completes_what_is_open() {
    let mut bar = Bar::new();
    bar.reading(TAP, 0);
    bar.reading(TAP, 500);
    bar.reading("kegboard.flow1", 0);
    bar.reading("kegboard.flow1", 300);
    bar.input(Input::Quit);
    assert_eq!(bar.told.matches(" drink ").count(), 2);
}

#[test]
fn taps_without_a_meter_are_left_out_and_changes_take_effect_in_a_pour() {
    let mut bar = Bar::new();
    bar.reading(TAP, 0);
    bar.reading(TAP, 100);
    bar.told.clear();
    let taps = vec![tap(TAP, None, 1.0), tap(TAP, None, 2.0), tap("unknown.3", None, 0.0)];
    bar.input(Input::Taps(taps.clone()));
    bar.input(Input::Taps(taps[..1].to_vec()));
    bar.ask(Request::Stop);
    bar.told(
        "0.0 (tap-manager) Info Updating tap: <Tap name=kegboard.flow0 ml_per_tick=1.0 relay_name=None>
         0.0 (tap-manager) Warning Two taps have the meter kegboard.flow0; keeping the first
         0.0 (tap-manager) Warning Skipping tap without a meter: unknown.3
         0.0 (flowmanager) Info Stopping flow: <Flow 0x6b013702: tap=kegboard.flow0 ticks=100 username='' max_idle=0:00:10>
         0.0 flow kegboard.flow0 completed 100 -
         0.0 (drink-manager) Info Flow completed: flow_id=0x6b013702
         0.0 drink 100 100.0 mL 0 s ''",
    );
}

#[test]
fn a_sensor_is_recorded_once_a_minute_and_missed_after_two() {
    let mut bar = Bar::new();
    let read = |bar: &mut Bar, value| {
        bar.hear(Event::Thermo { sensor_name: "kegboard.thermo-1".to_owned(), sensor_value: value });
    };
    for value in [85.0, 80.0625, 4.25, 4.5] {
        read(&mut bar, value);
    }
    bar.up += Duration::from_secs(61);
    read(&mut bar, -1.5);
    bar.pass(200.0);
    read(&mut bar, -20.0);
    bar.told(
        "0.0 (thermo-manager) Info Recording temperature sensor=kegboard.thermo-1 value=4.25
         0.0 (thermo-manager) Info Additional readings will only be shown with --verbose
         0.0 kegboard.thermo-1 is 4.25
         0.0 (thermo-manager) Debug Dropping excessive temp event
         61.0 (thermo-manager) Debug Recording temperature sensor=kegboard.thermo-1 value=-1.5
         61.0 kegboard.thermo-1 is -1.5
         181.0 (thermo-manager) Warning Stopped receiving updates for thermo sensor kegboard.thermo-1
         261.0 (thermo-manager) Info Recording temperature sensor=kegboard.thermo-1 value=-20.0
         261.0 (thermo-manager) Info Additional readings will only be shown with --verbose
         261.0 kegboard.thermo-1 is -20",
    );
}

#[test]
fn nobody_can_stop_the_core_or_confuse_it_from_afar() {
    let mut bar = Bar::new();
    for name in ["QuitEvent", "HeartbeatSecondEvent", "NoSuchEvent"] {
        bar.hear(Event::Other(name.to_owned()));
    }
    bar.reading("unknown.flow0", 0);
    bar.reading("unknown.flow0", 100);
    bar.reading(TAP, -3);
    bar.told(
        "0.0 (kegnet) Warning Ignoring an event of an unknown kind: NoSuchEvent
         0.0 (flowmeter-kegboard.flow0) Warning Dropping a reading below zero: -3",
    );
}
