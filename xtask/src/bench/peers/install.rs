//! Getting the peers that come as packages, each of a fixed version. None of them goes anywhere but into `target/`, save
//! what the system's own packages bring, and those only for root.

use super::roster;
use crate::bench::place::Place;
use crate::step;
use crate::workspace;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// System packages: one of their programs, and their name.
const SYSTEM: &[(&str, &str)] = &[("runsvdir", "runit"), ("s6-svscan", "s6"), ("npm", "npm")];
/// Crates with their versions and programs.
const CRATES: &[(&str, &str, &str)] =
    &[("horust", "0.1.14", "horust"), ("pitchfork-cli", "2.33.0", "pitchfork")];
const PM2: &str = "pm2@7.0.4";

/// Where cargo's are.
pub(super) fn cargo_root() -> PathBuf {
    workspace::target().join("peers")
}

/// Where pm2 is.
pub(super) fn pm2() -> PathBuf {
    cargo_root().join("npm/node_modules/pm2")
}

/// A program that is looked for as the shell would; its bare name if it is nowhere.
pub(in crate::bench) fn in_path(name: &'static str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
    places.find(|program| program.exists()).unwrap_or_else(|| name.into())
}

/// Installs what is missing. What fails is said and left out: a benchmark without a peer is better than none.
pub(crate) fn all() {
    let missing: Vec<&str> = SYSTEM
        .iter()
        .filter(|(program, _)| !in_path(program).exists())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        let names = missing.join(" ");
        let root = step::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        if root && step::works("apt-get", &["--version"]) {
            let mut install = Command::new("apt-get");
            install.env("DEBIAN_FRONTEND", "noninteractive").args([
                "-qq",
                "install",
                "-y",
                "--no-install-recommends",
            ]);
            note(step::run(
                &format!("apt-get install {names}"),
                install.args(&missing).stdout(Stdio::null()),
            ));
        } else {
            eprintln!("! not measured without: {names}; as root: apt-get install {names}");
        }
    }
    if !pm2().exists() && in_path("npm").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(cargo_root().join("npm"))
            .arg(PM2);
        note(step::run(&format!("npm install {PM2}"), &mut npm));
    }
    for (name, version, program) in CRATES {
        if !cargo_root().join("bin").join(program).exists() {
            let mut cargo = workspace::cargo();
            cargo.args(["install", name, "--version", version, "--locked", "--root"]).arg(cargo_root());
            cargo.arg("--target-dir").arg(cargo_root().join("build"));
            note(step::run(
                &format!("cargo install {name}@{version}, once, which takes minutes"),
                &mut cargo,
            ));
        }
    }
}

fn note(outcome: Result<(), step::Problem>) {
    if let Err(problem) = outcome {
        eprintln!("! {problem}: it is left out");
    }
}

/// Why peers are not there, each in a sentence.
pub(in crate::bench) fn absent(place: &Place) -> Vec<String> {
    let gone = |peer: &dyn super::Peer| {
        let program = peer.needs(place).into_iter().find(|program| !program.exists())?;
        Some(format!("{}: there is no {}", peer.name(), program.file_name()?.display()))
    };
    roster().iter().filter_map(|peer| gone(peer.as_ref())).collect()
}
