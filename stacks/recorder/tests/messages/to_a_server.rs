//! To a server of HTTP.

use serde_json::{Value, json};

use super::resident::{Place, Resident};
use super::server::Server;

fn settings(url: &str) -> Value {
    json!({"http": {"base_url": url, "timeout": 2}})
}

fn numbers(posted: &[[String; 4]]) -> Vec<u64> {
    let number = |[_, _, _, body]: &[String; 4]| {
        serde_json::from_str::<Value>(body).ok().and_then(|body| body["number"].as_u64())
    };
    posted.iter().filter_map(number).collect()
}

#[test]
fn what_is_stored_while_the_server_is_away_is_sent_in_order_when_it_is_back() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    let configuration = place.configure(settings(&server.url("/ok")), &json!(null));
    place.write(0..20);
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 20}));
    server.come();
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    server.go();
    place.write(20..25);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 5}));
    server.come();
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));

    let mut sent = numbers(&server.posted());
    // What failed the last time comes last.
    assert_eq!(sent.split_off(17), [0, 1, 2, 23, 24, 20, 21, 22]);
    assert_eq!(sent, (3..20).collect::<Vec<u64>>());
    let [_, content_type, accept, body] = &server.posted()[0];
    assert_eq!((content_type.as_str(), accept.as_str()), ("application/json", "application/json"));
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), json!({"number": 3, "name": "Wytham – süd"}));
    assert!(place.recorded().iter().all(|(_, successes, others)| (*successes, *others) == (1, 0)));
}

#[test]
fn a_resident_that_is_killed_at_any_moment_loses_nothing_and_records_each_success_once() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    server.come();
    let configuration = place.configure(settings(&server.url("/ok")), &json!(null));
    place.write(0..300);
    let mut posted = 0;
    for _ in 0..8 {
        let mut resident = Resident::start("connected", &configuration);
        resident.ask("send_messages_task");
        super::peer::wait_until("more is posted", || server.posted().len() > posted + 15);
        resident.kill();
        posted = server.posted().len();
    }
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    let mut sent = numbers(&server.posted());
    // A message whose answer was on its way when the process was killed is sent again: at least once each, and once recorded.
    assert!(sent.len() <= 308, "{}", sent.len());
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent, (0..300).collect::<Vec<u64>>());
    assert!(place.recorded().iter().all(|(_, successes, others)| (*successes, *others) == (1, 0)));
}

#[test]
fn two_residents_that_send_at_once_send_each_message_once() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    server.come();
    let configuration = place.configure(settings(&server.url("/ok")), &json!(null));
    place.write(0..50);
    let mut residents = [(); 2].map(|()| Resident::start("connected", &configuration));
    residents.iter_mut().for_each(|resident| resident.ask("send_messages_task"));
    let answers = residents.each_mut().map(Resident::answer);
    assert!(answers.iter().all(|answer| answer["output"] == json!({"remaining": 0})), "{answers:?}");
    assert_eq!(numbers(&server.posted()), (0..50).collect::<Vec<u64>>());
}

#[test]
fn a_refusal_is_recorded_and_the_message_sent_again() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    server.come();
    place.write(0..2);
    let configuration = place.configure(settings(&server.url("/refuse")), &json!(null));
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 2}));
    drop(resident);
    assert_eq!(place.recorded(), [(0, 0, 1), (1, 0, 1)]);
    // Elsewhere with the same message: followed. Elsewhere without it: it was not taken.
    let configuration = place.configure(settings(&server.url("/seen")), &json!(null));
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 2}));
    drop(resident);
    let configuration = place.configure(settings(&server.url("/moved")), &json!(null));
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    assert_eq!(place.recorded(), [(0, 1, 2), (1, 1, 2)]);
}

#[test]
fn only_so_many_are_sent_at_a_time_and_the_newest_first_if_that_is_wanted() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    server.come();
    place.write(0..5);
    let mut messaging = settings(&server.url("/ok"));
    messaging["max_messages"] = json!(2);
    messaging["message_order"] = json!("newest_first");
    let configuration = place.configure(messaging, &json!(null));
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 3}));
    assert_eq!(numbers(&server.posted()), [4, 3]);
}

#[test]
fn a_heartbeat_says_who_lives_and_what_was_asked_for() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    let metrics = json!({"heartbeat_metrics": ["remaining_storage", "free_memory", "cpu_usage"]});
    let configuration = place.configure(settings(&server.url("/ok")), &metrics);
    let mut resident = Resident::start("connected", &configuration);
    let failed = resident.run("heartbeat_task");
    assert!(failed["error"].as_str().unwrap().starts_with("HTTP request failed for message "), "{failed}");
    server.come();
    assert_eq!(resident.run("heartbeat_task")["output"], json!(null));
    let [[_, _, _, body]] = &server.posted()[..] else { panic!("{:?}", server.posted()) };
    let body: Value = serde_json::from_str(body).unwrap();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["sent_on", "device_id", "status", "metrics"]);
    assert!(body["sent_on"].as_str().unwrap().ends_with('Z'));
    assert_eq!(body["metrics"][0]["name"], "remaining_storage");
    assert_eq!(body["metrics"][2]["unit"], "percent");
    assert!(place.recorded().is_empty());
}

#[test]
fn another_content_type_sends_the_fields_of_a_form() {
    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    server.come();
    place.write(7..8);
    let url = server.url("/ok");
    let messaging = json!({"http": {"base_url": url, "content_type": "application/x-www-form-urlencoded"}});
    let configuration = place.configure(messaging, &json!(null));
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    let [[_, content_type, _, body]] = &server.posted()[..] else { panic!("{:?}", server.posted()) };
    assert_eq!(content_type, "application/x-www-form-urlencoded");
    assert_eq!(body, "number=7&name=Wytham+%E2%80%93+s%C3%BCd");
}

#[test]
fn a_check_asks_whether_anything_may_be_posted() {
    use minder_recorder::messages::Messenger;
    use minder_recorder::messages::http::HttpMessenger;
    use minder_recorder::program::HttpSettings;

    let place = Place::make();
    let mut server = Server::absent(place.directory.path());
    server.come();
    let said = |path: &str| {
        let base_url = server.url(path);
        let settings = HttpSettings { base_url, content_type: "application/json".into(), timeout: 2 };
        let checked = HttpMessenger::new(&settings).unwrap().check();
        checked.map_err(|problem| problem.to_string().replace(&server.url(""), "URL"))
    };
    assert_eq!(said("/ok"), Ok(()));
    let only_get =
        "Could connect to URL/get-only but POST method is not allowed. Check the server configuration.";
    assert_eq!(said("/get-only"), Err(only_get.into()));
    let missing = said("/missing").unwrap_err();
    assert!(missing.starts_with("Health check failed for URL/missing: Client Error (404)."), "{missing}");
}
