//! Circus's scenarios, a test each.

use minder_tests::circus::{circus_scenarios, compare_circus, compare_circus_clients, pass_circus};

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                compare_circus(stringify!($name));
            }
        )*

        /// A scenario that nobody plays proves nothing.
        #[test]
        fn every_scenario_is_played() {
            let mut played = vec![$(stringify!($name)),*];
            played.extend(CLIENTS);
            played.extend(ALONE);
            let mut all = circus_scenarios();
            all.sort_unstable();
            played.sort_unstable();
            assert_eq!(all, played);
        }
    };
}

/// Those that are played with both clients.
const CLIENTS: &[&str] =
    &["command_lines_of_circusctl", "the_shell_of_circusctl", "nobody_answers_circusctl"];

#[test]
fn command_lines_of_circusctl() {
    compare_circus_clients(CLIENTS[0]);
}

#[test]
fn the_shell_of_circusctl() {
    compare_circus_clients(CLIENTS[1]);
}

#[test]
fn nobody_answers_circusctl() {
    compare_circus_clients(CLIENTS[2]);
}

/// Those that only minder is put through.
const ALONE: &[&str] = &[
    "nonsense_that_stops_the_original",
    "a_mind_that_dies_at_rest",
    "a_mind_that_dies_at_work",
    "a_mind_that_dies_while_it_ends",
    "both_that_die_at_once",
    "announced_as_systemd_does",
    "nobody_is_refused",
    "a_mind_that_dies_before_the_first_connection",
    "a_socket_that_nobody_got",
    "a_class_that_nobody_can_run",
    "a_page_that_fails_restarts_its_watcher",
    "a_redis_is_watched",
    "who_flaps_is_stopped",
    "thousands_of_commands_by_chance",
    "hundreds_of_rounds_of_a_spawner",
    "a_whole_tree_that_stops",
    "limits_that_hold",
    "full_disk_under_a_log",
    "log_directory_that_is_removed",
    "endpoint_files_that_are_removed",
    "without_descriptors",
    "without_processes",
    "mind_that_is_stopped_and_goes_on",
];

#[test]
fn full_disk_under_a_log() {
    pass_circus("full_disk_under_a_log");
}

#[test]
fn log_directory_that_is_removed() {
    pass_circus("log_directory_that_is_removed");
}

#[test]
fn endpoint_files_that_are_removed() {
    pass_circus("endpoint_files_that_are_removed");
}

#[test]
fn without_descriptors() {
    pass_circus("without_descriptors");
}

#[test]
fn mind_that_is_stopped_and_goes_on() {
    pass_circus("mind_that_is_stopped_and_goes_on");
}

#[test]
fn without_processes() {
    pass_circus("without_processes");
}

#[test]
fn limits_that_hold() {
    pass_circus("limits_that_hold");
}

#[test]
fn a_class_that_nobody_can_run() {
    pass_circus("a_class_that_nobody_can_run");
}

#[test]
fn a_page_that_fails_restarts_its_watcher() {
    pass_circus("a_page_that_fails_restarts_its_watcher");
}

#[test]
fn a_whole_tree_that_stops() {
    pass_circus("a_whole_tree_that_stops");
}

#[test]
fn who_flaps_is_stopped() {
    pass_circus("who_flaps_is_stopped");
}

#[test]
fn a_redis_is_watched() {
    pass_circus("a_redis_is_watched");
}

#[test]
fn thousands_of_commands_by_chance() {
    pass_circus("thousands_of_commands_by_chance");
}

scenarios! {
    plugins_are_watchers
    who_gives_no_sign_is_replaced
    events_are_counted
    everybodys_figures_are_told
    who_uses_too_much_is_restarted
    a_command_that_changed_is_restarted
    a_class_of_ones_own
    a_class_that_cannot_be_imported
    a_file_with_limits
    reading_commands
    starting_and_stopping
    changing_the_number
    adding_and_removing
    setting_options
    signals_and_kills
    what_is_no_message
    one_change_at_a_time
    quitting
    orderly_changes
    added_at_run_time
    ends_that_nobody_asked_for
    a_stubborn_process
    children_are_stopped_too
    a_command_that_is_not_there
    singletons_and_priorities
    warmups_and_ages
    a_hangup_instead_of_a_reload
    environments_of_workers
    workers_of_other_users
    shells
    streams_to_files
    hooks_at_every_moment
    hooks_that_say_no
    a_hook_that_is_not_there
    reading_the_file_again
    beginning_afresh
    signals_to_the_daemon
    command_lines
    daemons_in_the_background
    streams_to_the_terminal
    streams_that_are_watched
    streams_that_turn_with_time
    streams_changed_while_they_are_open
    streams_of_watchers_that_are_added
    endpoints_that_are_taken
    pidfiles
    sockets_of_the_daemon
    sockets_that_cannot_be_had
    on_demand
    watchers_that_are_refused
    noise_at_the_endpoint
    requests_that_make_no_sense
    clients_that_do_not_read
    signals_to_relatives
    figures_of_processes
    added_with_options
    sockets_in_a_file_that_is_read_again
    options_in_the_file_that_change
    sockets_at_their_numbers
    sockets_are_files
    files_in_the_way_of_sockets
    ports_in_the_way_of_sockets
    sockets_of_the_next_generation
    sockets_of_a_file_that_changes
    a_socket_for_each_worker
    a_socket_as_standard_input
    started_by_a_connection
    datagrams
    without_use_sockets
    controllers_come_and_go
}

#[test]
fn nonsense_that_stops_the_original() {
    pass_circus(ALONE[0]);
}

#[test]
fn a_mind_that_dies_at_rest() {
    pass_circus(ALONE[1]);
}

#[test]
fn a_mind_that_dies_at_work() {
    pass_circus(ALONE[2]);
}

#[test]
fn a_mind_that_dies_while_it_ends() {
    pass_circus(ALONE[3]);
}

#[test]
fn both_that_die_at_once() {
    pass_circus("both_that_die_at_once");
}

#[test]
fn announced_as_systemd_does() {
    pass_circus(ALONE[4]);
}

#[test]
fn nobody_is_refused() {
    pass_circus(ALONE[5]);
}

#[test]
fn a_mind_that_dies_before_the_first_connection() {
    pass_circus(ALONE[6]);
}

#[test]
fn a_socket_that_nobody_got() {
    pass_circus(ALONE[7]);
}

#[test]
fn hundreds_of_rounds_of_a_spawner() {
    pass_circus(ALONE[8]);
}
