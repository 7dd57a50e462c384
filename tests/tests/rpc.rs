//! Every remote call with good and bad arguments.

use minder_tests::{Daemon, Transcript, Value, compare_deviating, json, xmlrpc};

/// A daemon with a program of every kind, at rest in a known state.
const STATION: &str = "
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
stderr_logfile={dir}/cat.err
priority=10
[program:manual]
command=/bin/sleep 100
startsecs=0
autostart=false
stdout_logfile={dir}/manual.out
stderr_logfile=NONE
[program:nofile]
command=/no/such/file
autostart=false
[program:notexec]
command=/etc/passwd
autostart=false
[program:isdir]
command=/tmp
autostart=false
[program:badquote]
command=/bin/echo \"open
autostart=false
[program:once]
command=/bin/sh -c 'sleep 0.2; echo done; echo oops >&2; exit 3'
startsecs=0
autorestart=false
stdout_logfile={dir}/once.out
stderr_logfile={dir}/once.err
exitcodes=1,2
[program:logless]
command=/bin/sleep 100
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
[program:merged]
command=/bin/cat
startsecs=0
redirect_stderr=true
stdout_logfile={dir}/merged.out
stopsignal=INT
stopasgroup=true
[program:pool]
command=/bin/sleep 100
numprocs=2
process_name=%(program_name)s_%(process_num)02d
startsecs=0
stdout_logfile={dir}/pool%(process_num)d.out
stdout_logfile_maxbytes=1MB
stdout_logfile_backups=3
stdout_capture_maxbytes=4KB
stdout_events_enabled=true
[program:g1]
command=/bin/sleep 100
startsecs=0
directory=/tmp
environment=A=1,B=\"x y\"
umask=077
user=nobody
[program:g2]
command=/bin/sleep 100
autostart=false
startsecs=0
startretries=0
[group:g]
programs=g1,g2
priority=77
";

/// Starts the station and waits until nothing moves any more.
pub(crate) fn check(act: impl Fn(&Daemon, &mut Transcript) + Sync) {
    check_deviating(&[], act);
}

/// The same where minder differs on purpose.
pub(crate) fn check_deviating(names: &[&str], act: impl Fn(&Daemon, &mut Transcript) + Sync) {
    compare_deviating(names, STATION, |daemon, out| {
        for name in ["cat", "logless", "merged", "pool:pool_00", "pool:pool_01", "g:g1"] {
            daemon.wait_state(name, "RUNNING");
        }
        daemon.wait_state("once", "EXITED");
        daemon.wait_file("once.out", "done");
        act(daemon, out);
    });
}

/// Makes calls in order and writes them all down.
pub(crate) fn calls(daemon: &Daemon, out: &mut Transcript, list: &[(&str, Value)]) {
    for (method, arguments) in list {
        out.call(daemon, method, arguments.clone());
    }
}

#[test]
fn what_the_daemon_says_about_itself() {
    check(|daemon, out| {
        for method in [
            "supervisor.getAPIVersion",
            "supervisor.getVersion",
            "supervisor.getSupervisorVersion",
            "supervisor.getIdentification",
            "supervisor.getState",
            "system.listMethods",
        ] {
            out.call(daemon, method, json!([]));
            out.call(daemon, method, json!(["too many"]));
        }
        let pid = daemon.call("supervisor.getPID", &json!([])).value();
        out.fact("the pid is that of the process that was started", pid == daemon.pid());
        out.call(daemon, "supervisor.getPID", json!([1]));
    });
}

#[test]
fn what_it_says_about_its_programs() {
    check(|daemon, out| {
        calls(
            daemon,
            out,
            &[
                ("supervisor.getAllProcessInfo", json!([])),
                ("supervisor.getAllProcessInfo", json!([1])),
                ("supervisor.getAllConfigInfo", json!([])),
                ("supervisor.getAllConfigInfo", json!([1])),
                ("supervisor.getProcessInfo", json!(["cat"])),
                ("supervisor.getProcessInfo", json!(["cat:cat"])),
                ("supervisor.getProcessInfo", json!(["g:g1"])),
                ("supervisor.getProcessInfo", json!(["pool:pool_01"])),
                ("supervisor.getProcessInfo", json!(["once"])),
                ("supervisor.getProcessInfo", json!(["nope"])),
                ("supervisor.getProcessInfo", json!(["g"])),
                ("supervisor.getProcessInfo", json!(["g:"])),
                ("supervisor.getProcessInfo", json!(["g:*"])),
                ("supervisor.getProcessInfo", json!(["g:nope"])),
                ("supervisor.getProcessInfo", json!(["nope:nope"])),
                ("supervisor.getProcessInfo", json!(["pool_01"])),
                ("supervisor.getProcessInfo", json!([""])),
                ("supervisor.getProcessInfo", json!([":"])),
                ("supervisor.getProcessInfo", json!(["a:b:c"])),
                ("supervisor.getProcessInfo", json!([])),
                ("supervisor.getProcessInfo", json!(["a", "b"])),
            ],
        );
    });
}

#[test]
fn starting_and_stopping_one() {
    check(|daemon, out| {
        calls(
            daemon,
            out,
            &[
                ("supervisor.startProcess", json!(["manual"])),
                ("supervisor.startProcess", json!(["manual"])),
                ("supervisor.stopProcess", json!(["manual"])),
                ("supervisor.stopProcess", json!(["manual"])),
                ("supervisor.startProcess", json!(["manual", true])),
                ("supervisor.stopProcess", json!(["manual", true])),
                ("supervisor.startProcess", json!(["manual", false])),
                ("supervisor.stopProcess", json!(["cat", 0])),
                ("supervisor.startProcess", json!(["nofile"])),
                ("supervisor.startProcess", json!(["notexec"])),
                ("supervisor.startProcess", json!(["isdir"])),
                ("supervisor.startProcess", json!(["badquote"])),
                ("supervisor.startProcess", json!(["nope"])),
                ("supervisor.startProcess", json!(["g"])),
                ("supervisor.startProcess", json!(["g:nope"])),
                ("supervisor.startProcess", json!(["nope:*"])),
                ("supervisor.startProcess", json!([])),
                ("supervisor.startProcess", json!(["manual", true, 1])),
                ("supervisor.stopProcess", json!(["nope"])),
                ("supervisor.stopProcess", json!(["once"])),
                ("supervisor.stopProcess", json!(["nope:"])),
                ("supervisor.stopProcess", json!([])),
                ("supervisor.startProcess", json!(["once"])),
                ("supervisor.signalProcess", json!(["cat", "HUP", 1])),
                ("supervisor.signalProcess", json!(["cat"])),
            ],
        );
    });
}

#[test]
fn starting_and_stopping_many() {
    check(|daemon, out| {
        let sorted = |out: &mut Transcript, method: &str, arguments: Value| {
            // Whether it has ended when all are started would be a race.
            daemon.wait_state("once", "EXITED");
            let mut reply = daemon.call(method, &arguments);
            if let xmlrpc::Reply::Value(Value::Array(items)) = &mut reply {
                // The order is that of completion: a race.
                items.sort_by_key(|item| (item["group"].to_string(), item["name"].to_string()));
            }
            out.reply(&format!("{method}{arguments}"), &reply);
            daemon.wait_execs();
        };
        for (method, arguments) in [
            ("supervisor.startProcessGroup", json!(["pool"])),
            ("supervisor.stopProcessGroup", json!(["pool"])),
            ("supervisor.startProcessGroup", json!(["pool", true])),
            ("supervisor.startProcessGroup", json!(["nope"])),
            ("supervisor.stopProcessGroup", json!(["nope"])),
            ("supervisor.stopProcessGroup", json!(["g:g1"])),
            ("supervisor.startProcessGroup", json!([])),
            ("supervisor.stopProcess", json!(["g:*"])),
            ("supervisor.startProcess", json!(["g:*", true])),
            ("supervisor.signalProcess", json!(["g:*", "CONT"])),
            ("supervisor.signalProcessGroup", json!(["pool", "CONT"])),
            ("supervisor.signalProcessGroup", json!(["pool", "NOPE"])),
            ("supervisor.signalAllProcesses", json!(["CONT"])),
            ("supervisor.signalAllProcesses", json!(["NOPE"])),
            ("supervisor.stopAllProcesses", json!([])),
            ("supervisor.stopAllProcesses", json!([true])),
            ("supervisor.startAllProcesses", json!([true])),
            ("supervisor.startAllProcesses", json!([])),
            ("supervisor.startAllProcesses", json!([1, 2])),
        ] {
            sorted(out, method, arguments);
        }
    });
}

#[test]
fn writing_to_a_program() {
    check(|daemon, out| {
        calls(
            daemon,
            out,
            &[
                ("supervisor.sendProcessStdin", json!(["cat", "hello\n"])),
                ("supervisor.sendProcessStdin", json!(["cat", "gruß €\n"])),
                ("supervisor.sendProcessStdin", json!(["cat", ""])),
            ],
        );
        daemon.wait_file("cat.out", "€");
        out.text("cat.out", &daemon.read("cat.out"));
        calls(
            daemon,
            out,
            &[
                ("supervisor.sendProcessStdin", json!(["cat", 5])),
                ("supervisor.sendProcessStdin", json!(["cat"])),
                ("supervisor.sendProcessStdin", json!(["manual", "x"])),
                ("supervisor.sendProcessStdin", json!(["nope", "x"])),
                ("supervisor.sendProcessStdin", json!(["g:*", "x"])),
                ("supervisor.sendProcessStdin", json!(["once", "x"])),
                ("supervisor.sendRemoteCommEvent", json!(["type", "data"])),
                ("supervisor.sendRemoteCommEvent", json!(["", ""])),
                ("supervisor.sendRemoteCommEvent", json!(["type"])),
                ("supervisor.sendRemoteCommEvent", json!([])),
            ],
        );
    });
}

#[test]
fn names_that_are_no_methods() {
    check(|daemon, out| {
        for method in [
            "nope",
            "supervisor",
            "supervisor.",
            ".getState",
            "supervisor.nope",
            "nope.getState",
            "supervisor._update",
            "supervisor.getState.x",
            "system.nope",
            "system._x",
            "SUPERVISOR.getState",
            "supervisor.getstate",
            "supervisor.addProcess",
            " supervisor.getState",
            "",
        ] {
            out.call(daemon, method, json!([]));
        }
    });
}

#[test]
fn the_methods_describe_themselves() {
    check(|daemon, out| {
        let methods = daemon.call("system.listMethods", &json!([])).value();
        for method in methods.as_array().unwrap() {
            out.call(daemon, "system.methodSignature", json!([method]));
            let help = daemon.call("system.methodHelp", &json!([method])).value();
            // The prose is the original's own; what tools read are the lines of parameters and results.
            let lines: Vec<&str> =
                help.as_str().unwrap().lines().map(str::trim).filter(|line| line.starts_with('@')).collect();
            let words: Vec<String> = lines
                .iter()
                .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
                .collect();
            let words: Vec<String> = words
                .into_iter()
                .map(|line| {
                    if line.starts_with("@return") {
                        line.split(' ').take(2).collect::<Vec<_>>().join(" ")
                    } else {
                        line
                    }
                })
                .collect();
            out.fact(&format!("help of {method}"), words.join(" | "));
        }
        for method in ["system.methodSignature", "system.methodHelp"] {
            out.call(daemon, method, json!(["nope"]));
            out.call(daemon, method, json!(["supervisor.nope"]));
            out.call(daemon, method, json!([]));
        }
    });
}

#[test]
fn many_calls_in_one() {
    check(|daemon, out| {
        let call = |method: &str, params: Value| json!({"methodName": method, "params": params});
        for list in [
            json!([]),
            json!([call("supervisor.getState", json!([]))]),
            json!([
                call("supervisor.getState", json!([])),
                call("supervisor.nope", json!([])),
                call("nope", json!([]))
            ]),
            json!([
                call("supervisor.stopProcess", json!(["cat"])),
                call("supervisor.startProcess", json!(["cat"]))
            ]),
            json!([
                call("supervisor.startProcess", json!(["cat"])),
                call("supervisor.getProcessInfo", json!(["nope"]))
            ]),
            json!([call("supervisor.stopAllProcesses", json!([1, 2, 3]))]),
            json!([call("system.multicall", json!([[]]))]),
            json!([{"params": []}]),
            json!([{"methodName": "supervisor.getState"}]),
            json!([{"methodName": "supervisor.getState", "params": [], "more": 1}]),
            json!([
                call("supervisor.readLog", json!(["a", "b"])),
                call("supervisor.getAPIVersion", json!([]))
            ]),
            json!([call("system.listMethods", json!([])), call("system.methodHelp", json!(["nope"]))]),
        ] {
            out.call(daemon, "system.multicall", json!([list]));
        }
        out.call(daemon, "system.multicall", json!([]));
    });
}

#[test]
fn arguments_of_the_wrong_type() {
    check(|daemon, out| {
        calls(
            daemon,
            out,
            &[
                ("supervisor.getProcessInfo", json!([1])),
                ("supervisor.getProcessInfo", json!([true])),
                ("supervisor.getProcessInfo", json!([null])),
                ("supervisor.getProcessInfo", json!([["cat"]])),
                ("supervisor.readLog", json!(["a", "b"])),
                ("supervisor.readProcessStdoutLog", json!(["cat", "0", "5"])),
                ("supervisor.readProcessStdoutLog", json!(["cat", 0.0, 5.0])),
                ("supervisor.tailProcessStdoutLog", json!(["cat", "a", 1])),
                ("supervisor.stopProcess", json!([1])),
                ("supervisor.signalProcess", json!(["cat", null])),
                ("supervisor.signalProcess", json!(["cat", [1]])),
                ("supervisor.sendProcessStdin", json!(["cat", null])),
                ("supervisor.sendRemoteCommEvent", json!([1, 2])),
                ("supervisor.addProcessGroup", json!([1])),
                ("supervisor.removeProcessGroup", json!([1])),
                ("system.multicall", json!([1])),
                ("system.multicall", json!([[1]])),
                ("system.methodHelp", json!([1])),
            ],
        );
    });
}

#[test]
fn every_encoding_of_a_value_is_read() {
    check(|daemon, out| {
        let call = |value: &str| {
            format!(
                "<?xml version=\"1.0\"?>\n<methodCall>\n<methodName>supervisor.getProcessInfo</methodName>\n<params>\n<param>\
                 \n{value}\n</param>\n</params>\n</methodCall>\n"
            )
        };
        for value in [
            "<value><string>cat</string></value>",
            "<value>cat</value>",
            "<value><base64>Y2F0</base64></value>",
            "<value><string>n&amp;&lt;&#65;&#x42;</string></value>",
            "<value><string><![CDATA[cat]]></string></value>",
            "<value><string></string></value>",
            "<value/>",
            "<value></value>",
            "<value><string>ünï</string></value>",
            "<value> cat </value>",
        ] {
            let reply = xmlrpc::post(&daemon.unix_address(), &call(value), &[]);
            out.reply(value, &reply);
        }
        for value in [
            "<value><i4>0</i4></value>",
            "<value><int>0</int></value>",
            "<value><boolean>0</boolean></value>",
        ] {
            let body = call("<value>manual</value>")
                .replace("</params>", &format!("<param>{value}</param></params>"));
            let body = body.replace("getProcessInfo", "startProcess");
            out.reply(value, &xmlrpc::post(&daemon.unix_address(), &body, &[]));
            daemon.wait_state("manual", "RUNNING");
            daemon.call("supervisor.stopProcess", &json!(["manual"])).value();
        }
    });
}
