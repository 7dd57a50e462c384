//! Setting a program up, and how it is set.

use std::os::unix::fs::PermissionsExt as _;

use crate::home::{Home, Init};

const COLLECTING: &str = "Collecting program files. It will take a minute or so, be patient...\n";

#[test]
fn setting_up_writes_acoupis_files() {
    let home = Home::recording(Init::Systemd);
    for file in ["app.py", "config/name", "config/program.json", "config/celery.json", "minder.toml"] {
        assert!(home.path(".acoupi").join(file).is_file(), "{file}");
    }
    for folder in ["run", "log", "bin"] {
        assert!(home.path(".acoupi").join(folder).is_dir(), "{folder}");
    }
    for script in ["workers-start", "workers-stop", "workers-restart", "beat"] {
        let path = home.path(&format!(".acoupi/bin/acoupi-{script}.sh"));
        let mode = path.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{script}");
    }
    assert_eq!(home.text(".acoupi/config/name"), "acoupi.programs.default");
    assert_eq!(home.json(".acoupi/config/celery.json")["worker_prefetch_multiplier"], 1);
    let program = home.json(".acoupi/config/program.json");
    assert_eq!(program["microphone"]["device_name"], "simulated");
    assert_eq!(program["recording"]["schedule_end"], "23:59:59");
    assert_eq!(home.text("state/calls"), "", "units are installed, and nobody is told of them yet");
}

#[test]
fn the_units_are_ones_that_systemd_understands() {
    let home = Home::recording(Init::Systemd);
    let units =
        ["acoupi.service", "acoupi-beat.service"].map(|unit| home.path(".config/systemd/user").join(unit));
    let mut verify = home.command("systemd-analyze");
    verify.arg("--user").arg("verify").args(&units).env("XDG_RUNTIME_DIR", home.path("state"));
    let output = verify.output().expect("systemd-analyze, which `cargo xtask setup` installs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let ours: Vec<&str> = told.lines().filter(|line| line.contains("acoupi")).collect();
    assert!(output.status.success() && ours.is_empty(), "{told}");
}

#[test]
fn minder_accepts_what_is_made_of_every_program() {
    for program in [
        "acoupi.programs.test",
        "acoupi.programs.default",
        "acoupi.programs.connected",
        "acoupi_batdetect2.program",
        "acoupi_birdnet.program",
    ] {
        let home = Home::new(Init::Systemd);
        let more = ["--messaging.http.base_url", "http://127.0.0.1:9/"];
        let said = home.setup(program, &more);
        assert_eq!(said.status, 0, "{program}: {said:?}");
        let toml = home.path(".acoupi/minder.toml");
        let checked =
            home.command(env!("CARGO_BIN_EXE_minder")).arg("check").arg(&toml).output().expect("it runs");
        let text = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{program}: {text}\n{}", home.text(".acoupi/minder.toml"));
    }
}

#[test]
fn one_variable_moves_everything_and_others_move_a_part() {
    let home = Home::new(Init::Systemd);
    let acoupi = home.path("bin/acoupi").display().to_string();
    let mut setup = home.command(&acoupi);
    setup.args(["setup", "--no-prompt"]).env("ACOUPI_HOME", home.path("elsewhere"));
    setup.env("ACOUPI_LOG_DIR", home.path("logs"));
    assert!(setup.status().expect("it runs").success());
    assert!(home.path("elsewhere/config/program.json").is_file());
    assert!(home.path("elsewhere/bin/acoupi-beat.sh").is_file());
    assert!(home.path("logs").is_dir());
    assert!(!home.path(".acoupi").exists());
}

#[test]
fn a_program_that_there_is_not_changes_nothing() {
    let home = Home::new(Init::Systemd);
    let said = home.acoupi(&["setup", "--program", "nosuch"]);
    assert_eq!((said.status, said.err.as_str()), (1, "Aborted!\n"));
    assert_eq!(said.out, format!("{COLLECTING}program nosuch not found\n"));
    let said = home.setup("acoupi.programs.default", &["--microphone.device_name", "Foo"]);
    assert_eq!(said.status, 1);
    let error = "Setup failed. The was an error configuring the parameter 'device_name': No audio device with the name \
                 Foo found..\nHelp: Check if the microphone is connected or review the available audio devices.\n";
    assert!(said.out.ends_with(error), "{}", said.out);
    assert!(!home.path(".acoupi").exists(), "nothing is left behind");
}

#[test]
fn a_person_is_asked_and_asked_again() {
    let home = Home::new(Init::Systemd);
    let said = home.typing("n\n\nfoo\n", &["setup"]);
    let asked =
        "Would you like to set name='test_program'? [Y/n]: Please provide a value for name. [test_program]: ";
    assert_eq!(said.out, format!("{COLLECTING}{asked}"));
    assert_eq!(home.json(".acoupi/config/program.json")["name"], "test_program");
    // time zone; index wrong, index, channels, rate, expansion; recording: duration, interval, begin wrong and right, end.
    let typed = "\n99\n0\n\n\n\ny\nn\nseven\n5\n\nn\n25\n20:15\n\n\n\n";
    let said = home.typing(typed, &["setup", "--program", "acoupi.programs.default"]);
    assert_eq!(said.status, 0, "{said:?}");
    for part in [
        "Would you like to set timezone='Europe/London'? [Y/n]: ",
        "\n* Setting up microphone configuration.\n\nAvailable audio devices:\n\n\
         Index  Name                                    Channels  Sample Rate\n",
        "Invalid input. Please select a valid audio device index.\n",
        "Info of selected audio device:\n\nindex                = 0\nname                 = simulated\n",
        "Please provide a value for recording.duration. [3]: Invalid value for recording.duration: \
         Input should be a valid integer",
        "Please provide a value for recording.schedule_start. [06:00:00]: Invalid value for recording.schedule_start: \
         Invalid time format. Hours must be between 0 and 23.\n",
        "Would you like to set recording.schedule_end=datetime.time(22, 30)? [Y/n]: ",
        "Would you like to set paths? [y/N]: ",
        "Would you like to set recording_saving? [y/N]: ",
    ] {
        assert!(said.out.contains(part), "{part}\nin\n{}", said.out);
    }
    let program = home.json(".acoupi/config/program.json");
    assert_eq!(program["recording"]["duration"], 5);
    assert_eq!(program["recording"]["schedule_start"], "20:15:00");
    let before = home.text(".acoupi/config/program.json");
    let said = home.typing("n\n", &["setup", "--program", "acoupi.programs.connected"]);
    assert_eq!((said.status, said.err.as_str()), (1, "Aborted!\n"));
    assert_eq!(home.text(".acoupi/config/program.json"), before);
    assert_eq!(home.text(".acoupi/config/name"), "acoupi.programs.default");
}

#[test]
fn the_configuration_is_got_and_set_field_by_field() {
    let home = Home::recording(Init::Systemd);
    assert_eq!(home.acoupi(&["config", "get", "--field", "recording.duration"]).out, "1\n\n");
    let shown = home.acoupi(&["config", "get", "--no-color", "--indent", "4", "--field", "microphone"]).out;
    assert!(
        shown.starts_with("{\n    \"device_name\": \"simulated\",\n") && shown.ends_with("}\n"),
        "{shown}"
    );
    let set = |field: &str, value: &str| home.acoupi(&["config", "set", "--field", field, value]);
    let silent = set("recording.duration", "2");
    assert_eq!((silent.status, silent.out.as_str(), silent.err.as_str()), (0, "", ""));
    assert_eq!(home.json(".acoupi/config/program.json")["recording"]["duration"], 2);
    assert_eq!(set("recording.interval", "5").status, 0);
    assert!(home.text(".acoupi/minder.toml").contains("every = \"5s\""), "minder is told too");
    for (field, value) in [("recording.duration", "seven"), ("recording.x", "3"), ("timezone", "Mars")] {
        let wrong = set(field, value);
        assert_eq!(wrong.status, 2, "{field}");
        let begin = "Usage: acoupi config set [OPTIONS] VALUE\nTry 'acoupi config set --help' for help.\n\n\
                     Error: Invalid field or value. \n1 validation error for ConfigSchema\n";
        assert!(wrong.err.starts_with(begin), "{}", wrong.err);
    }
    let unknown = home.acoupi(&["config", "get", "--field", "recording.x"]);
    assert_eq!(unknown.status, 1);
    let error = "Field 'x' is not part of the configuration schema.\nValid fields are:\n\t - duration\n";
    assert!(unknown.err.contains(error), "{}", unknown.err);
    let whole = home.text(".acoupi/config/program.json").replace("\"duration\": 2", "\"duration\": 4");
    assert_eq!(home.acoupi(&["config", "set", &whole]).status, 0);
    assert_eq!(home.json(".acoupi/config/program.json")["recording"]["duration"], 4);
}

#[test]
fn a_configuration_that_is_broken_is_said_to_be() {
    let home = Home::recording(Init::Systemd);
    home.write(".acoupi/config/program.json", "garbage");
    let said = home.acoupi(&["config", "get"]);
    assert_eq!((said.status, said.err.as_str()), (1, "Aborted!\n"));
    let path = home.path(".acoupi/config/program.json");
    let begin = format!(
        "The configuration file is invalid\n\nError: Invalid configuration in {}: 1 validation error for ConfigSchema\n",
        path.display()
    );
    assert!(said.out.starts_with(&begin), "{}", said.out);
    assert_eq!(home.acoupi(&["check"]).status, 1);
    home.write(".acoupi/config/name", "nosuch");
    let said = home.acoupi(&["config", "get"]);
    assert_eq!(said.out, "We couldn't find the program\n\nError: nosuch\n");
}
