//! Whole configurations, good and bad, started on both: exit status, what is printed, the first lines of the log, and
//! of the good ones what the daemon then says about itself.

use minder_tests::compare_configuration;

/// One test for each configuration. `{a}` is a program section's head with a command, not started by itself.
macro_rules! configurations {
    ($($(#[doc = $doc:literal])? $name:ident: $text:expr, $args:expr, $files:expr;)*) => {
        $(#[test] fn $name() { compare_configuration(&$text.replace("{a}", A), $args, $files); })*
    };
}

/// A program that is not started.
const A: &str = "[program:a]\ncommand=/bin/cat\nautostart=false\n";

/// A whole file in the usual shape but with main keys of its own.
fn main(keys: &str) -> String {
    minder_tests::daemon::USUAL.replace("user=root\n", &format!("user=root\n{keys}\n"))
}

/// What `[unix_http_server]` gets.
fn unix(keys: &str) -> String {
    minder_tests::daemon::USUAL.replace("supervisor.sock\n[rpc", &format!("supervisor.sock\n{keys}\n[rpc"))
}

configurations! {
    // The text itself.
    an_empty_file: "; [supervisord] is missing here\n", &[], &[];
    no_section_headers: "foo=bar\n[supervisord]\n", &[], &[];
    a_line_without_a_delimiter: "[supervisord]\nfoo\n", &[], &[];
    a_bracket_that_is_not_closed: "[supervisord]\nuser=root\n[program:a\ncommand=/bin/cat\n", &[], &[];
    several_bad_lines: "[supervisord]\nfoo\nbar\nuser=root\n", &[], &[];
    comments_everywhere: "; a\n# b\n{a}directory=/tmp ; not part\nstopwaitsecs=7 # nor this\nstartsecs=3\t;tab\nuser=root;x\n", &[], &[];
    a_comment_sign_in_quotes_cuts: "[program:a]\nautostart=false\ncommand=/bin/echo \"one ;two\" three\n", &[], &[];
    a_hash_without_a_blank_stays: "[program:a]\nautostart=false\ncommand=/bin/echo a;b c#d\n", &[], &[];
    a_value_may_go_on_in_the_next_line: "[program:a]\nautostart=false\ncommand=/bin/echo one\n  two\n   three\n", &[], &[];
    an_indented_key_is_part_of_the_value_before: "[program:a]\nautostart=false\ncommand=/bin/echo one\n  directory=/tmp\n", &[], &[];
    a_colon_delimits_too: "[program:a]\ncommand: /bin/cat\nautostart : false\nSTARTSECS = 5\n", &[], &[];
    the_last_of_two_wins: "{a}startsecs=1\nstartsecs=2\n[program:a]\nstopwaitsecs=3\n", &[], &[];
    unknown_sections_and_keys_do_not_matter: "{a}nonsense=1\n[nonsense]\nx=y\n", &[], &[];
    blanks_in_a_section_name: "[program: a b ]\ncommand=/bin/cat\n", &[], &[];
    a_name_with_a_colon: "[program:a:b]\ncommand=/bin/cat\nautostart=false\n", &[], &[];
    a_name_with_a_slash: "[program:a/b]\ncommand=/bin/cat\nautostart=false\n", &[], &[];
    an_empty_name: "[program:]\ncommand=/bin/cat\nautostart=false\n", &[], &[];
    windows_line_ends: "[program:a]\r\ncommand=/bin/cat\r\nautostart=false\r\n", &[], &[];
    a_default_section: "[DEFAULT]\nstartsecs=5\n{a}", &[], &[];
    text_that_is_not_ascii: "{a}environment=GRUSS=\"größe €\"\ndirectory=/tmp/ü\n", &[], &[];

    // Programs.
    a_program_without_a_command: "[program:a]\nautostart=false\n", &[], &[];
    an_empty_command: "[program:a]\ncommand=\nautostart=false\n", &[], &[];
    many_of_one_name: "{a}numprocs=3\n", &[], &[];
    many_with_names: "{a}numprocs=3\nnumprocs_start=8\nprocess_name=%(program_name)s_%(process_num)02d\n", &[], &[];
    none_of_them: "{a}numprocs=0\nprocess_name=%(process_num)d\n", &[], &[];
    a_number_of_programs_that_is_none: "{a}numprocs=x\n", &[], &[];
    a_process_name_that_may_not_be: "{a}process_name=a b\n", &[], &[];
    a_bad_boolean: "[program:a]\ncommand=/bin/cat\nautostart=maybe\n", &[], &[];
    an_empty_number: "{a}startsecs=\n", &[], &[];
    a_bad_number: "{a}startretries=1.5\n", &[], &[];
    a_negative_number: "{a}startsecs=-1\nstopwaitsecs=-5\n", &[], &[];
    a_number_with_underscores: "{a}startsecs=1_000\n", &[], &[];
    a_bad_priority: "{a}priority=high\n", &[], &[];
    a_bad_size: "{a}stdout_logfile_maxbytes=1K\n", &[], &[];
    sizes: "{a}stdout_logfile_maxbytes=1 kb\nstderr_logfile_maxbytes=1gb\nstdout_capture_maxbytes=3MB\n", &[], &[];
    a_bad_signal: "{a}stopsignal=NOPE\n", &[], &[];
    a_bad_signal_number: "{a}stopsignal=999\n", &[], &[];
    signals_by_number_and_name: "{a}stopsignal=2\n[program:b]\ncommand=/bin/cat\nautostart=false\nstopsignal=sigusr1\n", &[], &[];
    bad_exit_codes: "{a}exitcodes=0,x\n", &[], &[];
    exit_codes_too_large: "{a}exitcodes=0,256\n", &[], &[];
    no_exit_codes: "{a}exitcodes=\n", &[], &[];
    some_exit_codes: "{a}exitcodes=1, 2,3\n", &[], &[];
    a_bad_autorestart: "{a}autorestart=sometimes\n", &[], &[];
    a_bad_umask: "{a}umask=9\n", &[], &[];
    a_user_that_is_not: "{a}user=nobodyatall\n", &[], &[];
    a_user_id_that_is_not: "{a}user=987654\n", &[], &[];
    a_user_by_number: "{a}user=65534\n", &[], &[];
    stop_as_group_but_not_kill: "{a}stopasgroup=true\nkillasgroup=false\n", &[], &[];
    a_log_in_no_directory: "{a}stdout_logfile=/no/such/dir/x\n", &[], &[];
    logs_of_all_kinds: "{a}stdout_logfile=NONE\nstderr_logfile=off\n[program:b]\ncommand=/bin/cat\nautostart=false\nstdout_logfile=auto\nstderr_logfile={dir}/%(program_name)s.err\n", &[], &[];
    a_merged_log_with_a_name_of_its_own: "{a}redirect_stderr=true\nstderr_logfile={dir}/x\n", &[], &[];
    an_automatic_log_that_never_rotates: "{a}stdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0\n", &[], &[];
    the_old_syslog_word: "{a}stdout_logfile=syslog\n", &[], &[];
    a_percent_sign_in_a_log_name: "{a}stdout_logfile={dir}/a%%%%b\n", &[], &[];

    // Expansion.
    a_name_that_cannot_be_expanded: "{a}directory=%(nope)s\n", &[], &[];
    an_unset_variable: "{a}directory=%(ENV_NOPE_AT_ALL)s\n", &[], &[];
    half_an_expansion: "{a}directory=/tmp/100%\n", &[], &[];
    a_bad_conversion: "{a}directory=%(here)Y\n", &[], &[];
    a_text_as_a_number: "{a}directory=%(ENV_HOME)d\n", &[], &[];
    all_the_names: "[program:a]\nautostart=false\ncommand=/bin/echo %(program_name)s %(group_name)s %(process_num)03d %(numprocs)d %(here)s %(ENV_HOME)s 100%%\n", &[], &[];
    a_process_number_where_there_is_none: "{a}priority=%(process_num)d\n", &[], &[];
    variables_of_the_daemon: main("environment=PLACE=\"/tmp\",B=2") + "{a}directory=%(ENV_PLACE)s\n", &[], &[];
    variables_of_the_program: "{a}environment=PLACE=\"/tmp\"\ndirectory=%(ENV_PLACE)s\n", &[], &[];

    // Environment.
    an_environment_that_ends_early: "{a}environment=A=1,B\n", &[], &[];
    an_environment_with_two_commas: "{a}environment=A=1,,B=2\n", &[], &[];
    an_environment_with_an_open_quote: "{a}environment=A=\"x\n", &[], &[];
    an_environment_with_an_at_sign: "{a}environment=A=x@y\n", &[], &[];
    an_environment_over_lines: "{a}environment=A=1,\n B=\"2\",\n C='3'\n", &[], &[];

    // Groups, listeners, fcgi.
    a_group_of_unknown_programs: "{a}[group:g]\nprograms=a,zz\n", &[], &[];
    a_group_without_programs: "{a}[group:g]\npriority=3\n", &[], &[];
    a_group_with_a_bad_priority: "{a}[group:g]\nprograms=a\npriority=x\n", &[], &[];
    a_program_in_two_groups: "{a}[group:g]\nprograms=a\n[group:h]\nprograms=a\npriority=2\n", &[], &[];
    an_ambiguous_program: "{a}[fcgi-program:a]\ncommand=/bin/cat\nautostart=false\nsocket=unix://{dir}/s\n[group:g]\nprograms=a\n", &[], &[];
    a_listener_without_events: "[eventlistener:l]\ncommand=/bin/cat\n", &[], &[];
    a_listener_for_an_unknown_event: "[eventlistener:l]\ncommand=/bin/cat\nevents=TICK_5,NOPE\n", &[], &[];
    a_listener_without_a_buffer: "[eventlistener:l]\ncommand=/bin/cat\nevents=TICK_5\nbuffer_size=0\n", &[], &[];
    a_listener_with_merged_output: "[eventlistener:l]\ncommand=/bin/cat\nevents=TICK_5\nredirect_stderr=true\n", &[], &[];
    a_listener_with_an_unknown_handler: "[eventlistener:l]\ncommand=/bin/cat\nevents=TICK_5\nresult_handler=no.such:thing\n", &[], &[];
    a_good_listener: "[eventlistener:l]\ncommand=/bin/cat\nevents=TICK_5,process_state\nautostart=false\nbuffer_size=3\npriority=4\n", &[], &[];
    fcgi_without_a_socket: "[fcgi-program:f]\ncommand=/bin/cat\n", &[], &[];
    fcgi_with_a_bad_socket: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=foo\n", &[], &[];
    fcgi_with_a_relative_socket: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://foo\n", &[], &[];
    fcgi_with_a_mode_on_tcp: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=tcp://localhost:9999\nsocket_mode=0700\n", &[], &[];
    fcgi_with_a_bad_mode: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://{dir}/s\nsocket_mode=9\n", &[], &[];
    fcgi_with_a_bad_owner: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://{dir}/s\nsocket_owner=nobodyatall\n", &[], &[];
    fcgi_with_a_bad_backlog: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://{dir}/s\nsocket_backlog=0\n", &[], &[];
    a_good_fcgi_program: "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://{dir}/s\nsocket_mode=0777\nautostart=false\n", &[], &[];

    // The daemon and its servers.
    main_keys: main("loglevel=debug\nidentifier=other\nminfds=512\nminprocs=100\numask=027\nnocleanup=true\nlogfile_backups=2\nlogfile_maxbytes=1MB"), &[], &[];
    a_bad_log_level: main("loglevel=loud"), &[], &[];
    a_bad_number_of_files: main("minfds=many"), &[], &[];
    too_many_files: main("minfds=99999999999"), &[], &[];
    a_user_for_the_daemon_that_is_not: main("user=nobodyatall"), &[], &[];
    a_child_log_directory_that_is_not: main("childlogdir=/no/such"), &[], &[];
    a_log_file_in_no_directory: main("logfile=/no/such/x.log"), &[], &[];
    a_directory_that_is_not: main("directory=/no/such"), &[], &[];
    a_bad_main_boolean: main("nodaemon=x"), &[], &[];
    a_bad_main_environment: main("environment=A"), &[], &[];
    another_user_for_the_daemon: main("user=nobody") + "{a}[program:b]\ncommand=/bin/cat\nuser=root\nautostart=false\n", &[], &[];
    nobody_said_as_which_user: minder_tests::daemon::USUAL.replace("user=root\n", ""), &[], &[];
    a_bad_socket_mode: unix("chmod=9"), &[], &[];
    a_bad_socket_owner: unix("chown=nobodyatall"), &[], &[];
    a_user_without_a_password: unix("username=joe"), &[], &[];
    a_socket_without_a_file: minder_tests::daemon::USUAL.replace("file={dir}/supervisor.sock", "chmod=0700"), &[], &[];
    a_socket_in_no_directory: minder_tests::daemon::USUAL.replace("{dir}/supervisor.sock", "/no/such/dir/s.sock"), &[], &[];
    a_server_without_a_port: main("") + "[inet_http_server]\nusername=a\npassword=b\n", &[], &[];
    a_bad_port: main("") + "[inet_http_server]\nport=x\n", &[], &[];
    a_port_too_large: main("") + "[inet_http_server]\nport=localhost:70000\n", &[], &[];
    a_second_server: main("") + "[inet_http_server]\nport=127.0.0.1:{port}\n", &[], &[];
    a_server_on_no_host: main("") + "[inet_http_server]\nport=no.such.host.invalid:9001\n", &[], &[];
    no_interface: minder_tests::daemon::USUAL.replace("[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n", ""), &[], &[];
    an_interface_without_a_factory: main("").replace("supervisor.rpcinterface_factory=", "x="), &[], &[];
    an_interface_nobody_has: main("").replace("supervisor.rpcinterface:make", "no.such:make"), &[], &[];
    no_supervisord_section: "; no [supervisord] but in this comment\n[program:a]\ncommand=/bin/cat\n", &[], &[];

    // Includes.
    an_include_without_files: "[include]\nfoo=bar\n", &[], &[];
    an_include_of_nothing: "{a}[include]\nfiles=none/*.conf\n", &[], &[];
    includes_in_order: "{a}[include]\nfiles=z.conf conf.d/*.conf\n", &[], &[
        ("z.conf", "[program:z]\ncommand=/bin/echo %(here)s\nautostart=false\n"),
        ("conf.d/b.conf", "[program:b]\ncommand=/bin/echo %(here)s\nautostart=false\n[program:a]\nstartsecs=9\n"),
        ("conf.d/c.conf", "[include]\nfiles=/etc/passwd\n[program:c]\ncommand=/bin/cat\nautostart=false\n"),
        ("conf.d/d.txt", "nonsense\n"),
    ];
    an_error_in_an_included_file: "[include]\nfiles=x.conf\n", &[], &[("x.conf", "[program:x]\ncommand=/bin/cat\nstartsecs=x\n")];
    a_bad_line_in_an_included_file: "[include]\nfiles=x.conf\n", &[], &[("x.conf", "[program:x]\nnonsense\n")];

    an_include_by_variables: "{a}[include]\nfiles=%(here)s/%(ENV_HOME)s.conf %(here)s/[xy]?.conf x1.conf\n", &[], &[
        ("x1.conf", "[program:x]\ncommand=/bin/echo %(here)s %(host_node_name)s\nautostart=false\n"),
        ("y2.conf", "[program:x]\nstartsecs=7\n[group:g]\nprograms=x,a\n"),
    ];
    an_include_over_lines: "{a}[include]\nfiles = b.conf\n  sub/c.conf\n\n", &[], &[
        ("b.conf", "[program:b]\ncommand=/bin/cat\nautostart=false\n"),
        ("sub/c.conf", "[eventlistener:c]\ncommand=/bin/cat\nautostart=false\nevents=TICK_60\n[inet_http_server]\nport={port}\n"),
    ];
    an_include_with_an_unknown_name: "[include]\nfiles=%(nope)s/x.conf\n", &[], &[];
    an_included_main_section: "[include]\nfiles=m.conf\n", &[], &[("m.conf", "[supervisord]\nidentifier=included\nloglevel=debug\n")];
    an_included_expansion_that_fails: "[include]\nfiles=d/m.conf\n", &[], &[("d/m.conf", "[program:x]\ncommand=/bin/cat %(nope)s\n")];
    an_included_directory: "[include]\nfiles=d\n", &[], &[("d/m.conf", "[program:x]\ncommand=/bin/cat\n")];
    included_values_with_percent_signs: "{a}[include]\nfiles=m.conf\n", &[], &[("m.conf", "[program:x]\ncommand=/bin/date +%%H\nautostart=false\nenvironment=A=\"50%%\"\n")];

    // More of the lexical rules.
    a_byte_order_mark: "\u{feff}[supervisord]\nuser=root\n", &[], &[];
    a_key_without_a_name: "{a}=5\n", &[], &[];
    a_value_that_is_a_comment: "{a}directory=;x\nstopwaitsecs= ;x\n", &[], &[];
    text_after_a_section_name: "[program:a] and more\ncommand=/bin/cat\nautostart=false\n", &[], &[];
    a_section_in_upper_case: "[PROGRAM:a]\ncommand=/bin/cat\n[Supervisord]\nx=y\n", &[], &[];
    an_indented_section: "{a}  [program:b]\ncommand=/bin/cat\n", &[], &[];
    an_indented_first_key: "[program:a]\n  command=/bin/cat\n  autostart=false\n", &[], &[];
    blank_lines_inside_a_value: "[program:a]\nautostart=false\ncommand=/bin/echo one\n\n  two\n; gone\n  three ; gone too\n", &[], &[];
    a_tab_before_a_comment: "{a}directory=/tmp\t# no\n", &[], &[];
    a_delimiter_in_a_value: "{a}environment=A=\"x:y=z\"\ndirectory:/tmp=x\n", &[], &[];
    rem_is_no_comment: "rem this\n[program:a]\ncommand=/bin/cat\n", &[], &[];
    an_empty_section_name: "[]\nx=y\n{a}", &[], &[];
    form_feeds: "{a}\u{c}startsecs=4\u{c}\nstopwaitsecs=3\u{85}\n", &[], &[];
    a_number_in_other_digits: "{a}startsecs=\u{0663}\n", &[], &[];
    a_plus_before_a_number: "{a}startsecs=+5\npriority=-3\nstdout_logfile_backups= 2 \n", &[], &[];
    sizes_that_are_none: "{a}stdout_logfile_maxbytes=1.5MB\n", &[], &[];
    a_size_without_a_number: "{a}stdout_logfile_maxbytes=MB\n", &[], &[];
    a_negative_size: "{a}stdout_logfile_maxbytes=-1MB\nstderr_capture_maxbytes=-5\n", &[], &[];
    an_octal_with_a_prefix: "{a}umask=0o22\n", &[], &[];
    signal_zero: "{a}stopsignal=0\n", &[], &[];
    realtime_signals: "{a}stopsignal= rtmin \n[program:b]\ncommand=/bin/cat\nautostart=false\nstopsignal=POLL\n", &[], &[];
    a_negative_number_of_programs: "{a}numprocs=-1\n", &[], &[];
    a_number_of_programs_with_a_wide_name: "{a}numprocs=2\nprocess_name=%(program_name)s-%(process_num)5d\n", &[], &[];
    the_group_name_in_a_group: "[program:a]\nautostart=false\ncommand=/bin/echo %(group_name)s\n[group:g]\nprograms=a\n", &[], &[];
    a_group_with_a_trailing_comma: "{a}[group:g]\nprograms=a,\n", &[], &[];
    a_server_url_of_its_own: "{a}serverurl=http://elsewhere:1\n[program:b]\ncommand=/bin/cat\nautostart=false\nserverurl=auto\n", &[], &[];
    log_names_in_mixed_case: "{a}stdout_logfile=NONE\nstderr_logfile=None\n", &[], &[];
    a_home_in_a_log_name: "{a}stdout_logfile=~/minder-none/x\n", &[], &[];
    a_log_with_a_number: "[program:a]\nautostart=false\ncommand=/bin/cat\nnumprocs=2\nprocess_name=p%(process_num)d\nstdout_logfile={dir}/%(program_name)s.%(process_num)d.log\n", &[], &[];
    priorities_of_groups: "{a}priority=5\n[program:b]\ncommand=/bin/cat\nautostart=false\npriority=3\n[group:g]\nprograms=b,a\npriority=1\n", &[], &[];

    // More servers.
    several_servers: main("") + "[unix_http_server:two]\nfile={dir}/two.sock\nchmod=0777\n[inet_http_server:x]\nport=127.0.0.1:{port}\nusername=a\npassword=b\n{a}", &[], &[];
    one_port_twice: main("") + "[inet_http_server:x]\nport=127.0.0.1:{port}\n[inet_http_server:y]\nport=127.0.0.1:{port}\n", &[], &[];
    a_port_of_zero: main("") + "[inet_http_server]\nport=0\n", &[], &[];
    an_empty_port: main("") + "[inet_http_server]\nport=\n", &[], &[];
    a_password_without_a_user: main("") + "[inet_http_server]\nport={port}\npassword=x\n", &[], &[];
    a_percent_sign_in_a_password: main("") + "[inet_http_server]\nport={port}\nusername=x\npassword=50%\n", &[], &[];
    a_plugin_for_the_other_program: "{a}[ctlplugin:x]\nsupervisor.ctl_factory=no.such:thing\n", &[], &[];
    an_interface_with_another_name: main("") + "[rpcinterface:other]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n", &[], &[];
    an_interface_with_a_key: main("").replace("[supervisorctl]", "x=y\n[supervisorctl]"), &[], &[];

    // The command line.
    every_option: "{a}", &["-k", "-t", "-i", "me", "-q", "/tmp", "-y", "1MB", "-z", "3", "-e", "DEBUG", "-m", "077", "-a", "100", "--minprocs", "10", "-j", "other.pid", "-l", "other.log", "-d", "/tmp"], &[];
    every_long_option: "{a}", &["--nocleanup", "--strip_ansi", "--identifier=me", "--childlogdir=/tmp", "--logfile_maxbytes=1MB", "--logfile_backups=3", "--loglevel=debug", "--umask=077", "--minfds=100", "--minprocs=10", "--pidfile=other.pid", "--logfile", "other.log", "--directory", "/tmp", "--user=root"], &[];
    a_long_option_with_a_value_it_does_not_take: "", &["--silent=yes"], &[];
    a_long_option_without_its_value: "", &["--logfile"], &[];
    a_bad_user_option: "", &["-u", "nobodyatall"], &[];
    a_bad_directory_option: "", &["-d", "/no/such"], &[];
    a_bad_level_option: "", &["-e", "loud"], &[];
    a_bad_size_option: "", &["-y", "many"], &[];
    a_bad_log_option: "", &["-l", "/no/such/x.log"], &[];
    options_run_together: "{a}", &["-kt", "-iname", "-e", "info"], &[];
    a_dash_dash: "", &["--", "x"], &[];
    a_short_option_twice: "", &["-i", "a", "--identifier", "b"], &[];
    an_unknown_option: "", &["--bogus"], &[];
    a_stray_word: "", &["pos"], &[];
    an_option_twice: "", &["-n"], &[];
    an_option_without_its_value: "", &["-l"], &[];
    a_bad_option_value: "", &["-m", "9"], &[];
    options_win_over_the_file: "{a}", &["-e", "debug", "-i", "fromline", "--logfile={dir}/x.log"], &[];
    long_options_may_be_short: "{a}", &["--ident", "short"], &[];
    an_ambiguous_option: "", &["--log", "x"], &[];
}

#[test]
fn version_and_help() {
    for argument in ["-v", "--version"] {
        compare_configuration("", &[argument], &[]);
    }
}

/// Bytes that are no UTF-8 in a file.
#[test]
fn a_file_in_another_encoding() {
    minder_tests::compare_prepared("", |daemon, out| {
        let mut bytes = daemon.read("supervisord.conf").into_bytes();
        bytes.extend_from_slice(
            b"[program:a]\ncommand=/bin/cat\nautostart=false\nenvironment=A=\"gr\xfc\xdfe\"\n",
        );
        std::fs::write(daemon.place().path("supervisord.conf"), bytes).unwrap();
        daemon.launch(&["-n"]);
        let done = daemon.wait_end();
        out.fact("end", &done.status);
        out.fact("says why", !done.stderr.is_empty());
    });
}

#[test]
fn a_file_that_is_not_there() {
    compare_configuration("", &["-c", "/no/such/file.conf"], &[]);
}
