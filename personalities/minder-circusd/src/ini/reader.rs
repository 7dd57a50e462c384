//! The walk through a configuration, in the original's order.

use super::bounds;
use super::fault::Fault;
use super::machine::Machine;
use super::settings::{Circus, PluginSection, Settings, SocketSection};
use super::tree::{Entry, Section, Tree};
use super::vocabulary;
use super::watcher::apply_variables;
use crate::options::environment::Environment;
use crate::options::exception::{Class, Exception};
use crate::options::python::{self, is_space, repr_text};
use crate::options::substitute::Names;
use minder_config::bound::Bound;
use minder_config::{Problem, Sources, Span};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

/// What came of a reading.
#[derive(Debug)]
pub struct Reading {
    /// The files, to show problems with.
    pub sources: Sources,
    /// The settings. With faults they hold defaults where values are wrong, and are for showing only.
    pub settings: Settings,
    /// The mistakes for which the original does not start; it stops at the first.
    pub faults: Vec<Fault>,
}

impl Reading {
    /// The settings, if the original would accept them.
    ///
    /// # Errors
    ///
    /// What the original raises otherwise: its `Display` is the last line on standard error.
    pub fn accepted(self) -> Result<Settings, Exception> {
        match self.faults.into_iter().next() {
            None => Ok(self.settings),
            Some(fault) => Err(fault.exception),
        }
    }

    /// Everything a check has to say, errors first, each once.
    #[must_use]
    pub fn problems(&self) -> Vec<&Problem> {
        let mut seen = HashSet::new();
        let faults = self.faults.iter().map(|fault| &fault.problem);
        faults.chain(&self.settings.warnings).filter(|problem| seen.insert(*problem)).collect()
    }
}

/// Reads a configuration: the main file at the path, as the user wrote it, and what that includes.
#[must_use]
pub fn read(path: &str, machine: &dyn Machine) -> Reading {
    let environment = machine.environment();
    let mut walk = Walk {
        machine,
        tree: Tree::default(),
        sources: Sources::new(),
        names: Names::of_environment(&environment),
        environment,
        local: Environment::new(),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    walk.files(path);
    walk.variables();
    let settings = walk.settings();
    Reading { sources: walk.sources, settings, faults: walk.faults }
}

pub(super) struct Walk<'m> {
    machine: &'m dyn Machine,
    tree: Tree,
    sources: Sources,
    /// The daemon's environment, later with `[env]` on top.
    pub(super) environment: Environment,
    /// The same, as references see it.
    pub(super) names: Names,
    /// `[env]` alone.
    pub(super) local: Environment,
    pub(super) faults: Vec<Fault>,
    warnings: Vec<Problem>,
}

impl Walk<'_> {
    fn files(&mut self, path: &str) {
        if !self.machine.exists(path) {
            let text = format!("the configuration file {} does not exist\n", repr_text(path));
            let problem = Problem::error(text.trim_end());
            self.faults.push(Fault::new(Exception::new(Class::Os, text), problem));
            return;
        }
        match self.machine.read_file(path) {
            Ok(bytes) => self.parse(path, bytes),
            Err(error) => {
                let problem = Problem::error(format!("{path} cannot be read: {error}"));
                let number = error.raw_os_error().unwrap_or_default();
                let words = error.to_string();
                let words = words.split(" (os error").next().unwrap_or_default();
                let text = format!("[Errno {number}] {words}: {}", repr_text(path));
                self.faults.push(Fault::new(Exception::new(Class::Os, text), problem));
                return;
            }
        }
        let mut included = Vec::new();
        let directory = path.rfind('/').map_or("", |slash| if slash == 0 { "/" } else { &path[..slash] });
        for (key, suffix) in [("include", ""), ("include_dir", "/*.ini")] {
            let Some((value, at)) = self.value("circus", key) else { continue };
            for pattern in value.split(is_space).filter(|pattern| !pattern.is_empty()) {
                let pattern = under(directory, &format!("{}{suffix}", pattern.trim_end_matches('/')));
                let found = self.machine.glob(&pattern);
                if found.is_empty() {
                    let problem = Problem::warning(format!("nothing matches {pattern}")).with_subject(key);
                    let hint = "patterns are relative to the directory of the main file".to_owned();
                    self.warnings.push(problem.with_place(Some(at)).with_hint(Some(hint)));
                }
                included.extend(found);
            }
        }
        for path in included {
            // The original skips what it cannot open without a word.
            match self.machine.read_file(&path) {
                Ok(bytes) => self.parse(&path, bytes),
                Err(error) => {
                    self.warnings
                        .push(Problem::warning(format!("{path} is included and cannot be read: {error}")));
                }
            }
        }
    }

    fn parse(&mut self, path: &str, bytes: Vec<u8>) {
        let file = self.sources.add(path, bytes);
        let faults = self.tree.read(&self.sources, file);
        self.faults.extend(faults);
    }

    /// `[env]` on top of the daemon's environment, for everything that is read from here on.
    fn variables(&mut self) {
        if let Some(section) = self.tree.section("env") {
            for entry in self.tree.items(section) {
                self.local.set(&*entry.key, self.names.replace(&entry.value));
            }
        }
        self.environment.update(&self.local);
        self.names = Names::of_environment(&self.environment);
    }

    fn settings(&mut self) -> Settings {
        let circus = self.circus();
        let bounds = bounds::of(|bound| self.bound(bound));
        let (mut watchers, mut sockets, mut plugins) = (Vec::new(), Vec::new(), Vec::new());
        let tree = std::mem::take(&mut self.tree);
        for section in tree.sections() {
            let items = tree.items(section);
            if items.is_empty() {
                continue;
            }
            let places = items.iter().map(|entry| (entry.key.clone(), entry.value_at)).collect();
            if section.name.starts_with("socket:") {
                sockets.push(self.socket(section, &items, places));
            } else if section.name.starts_with("plugin:") {
                plugins.push(self.plugin(section, &items, places));
            } else if let Some(name) = section.name.strip_prefix("watcher:") {
                watchers.push(self.watcher(name, section, &items, places));
            }
        }
        watchers.sort_by(|a, b| a.name.cmp(&b.name));
        plugins.sort_by(|a: &PluginSection, b| a.name.cmp(&b.name));
        sockets.sort_by(|a: &SocketSection, b| a.name.cmp(&b.name));
        for section in tree.sections() {
            apply_variables(&tree, section, &mut watchers);
        }
        for watcher in &mut watchers {
            self.expand(watcher);
        }
        for plugin in plugins.iter().filter(|plugin| plugin.class.is_empty()) {
            let hint =
                "name the class of the plugin, such as `use = circus.plugins.flapping.Flapping`".to_owned();
            let problem = Problem::error("no `use`").with_subject(&*plugin.name).with_place(Some(plugin.at));
            let exception = Exception::new(Class::Key, "'use'");
            self.faults.push(Fault::new(exception, problem.with_hint(Some(hint))));
        }
        let mut settings = Settings { circus, watchers, sockets, plugins, bounds, warnings: Vec::new() };
        vocabulary::judge(&tree, &settings, self.machine, &mut self.warnings);
        settings.warnings = std::mem::take(&mut self.warnings);
        settings.warnings.sort_by_key(|warning| warning.at.map(|at| (at.file, at.start)));
        settings
    }

    fn circus(&mut self) -> Circus {
        let mut circus = Circus::default();
        self.real("check_delay", &mut circus.check_delay);
        self.text("endpoint", &mut circus.endpoint);
        self.optional("endpoint_owner", &mut circus.endpoint_owner);
        self.text("pubsub_endpoint", &mut circus.pubsub_endpoint);
        self.text("multicast_endpoint", &mut circus.multicast_endpoint);
        self.flag("statsd", &mut circus.statsd);
        self.umask(&mut circus.umask);
        let mut stats_endpoint = None;
        self.optional("stats_endpoint", &mut stats_endpoint);
        if let Some(endpoint) = stats_endpoint {
            // Who says where wants it: the original switches statistics on.
            circus.statsd = true;
            circus.stats_endpoint = endpoint;
        }
        self.whole("warmup_delay", &mut circus.warmup_delay);
        self.flag("httpd", &mut circus.httpd);
        self.text("httpd_host", &mut circus.httpd_host);
        self.whole("httpd_port", &mut circus.httpd_port);
        self.flag("debug", &mut circus.debug);
        self.flag("debug_gc", &mut circus.debug_gc);
        self.optional("pidfile", &mut circus.pidfile);
        self.optional("loglevel", &mut circus.loglevel);
        self.optional("logoutput", &mut circus.logoutput);
        self.optional("loggerconfig", &mut circus.loggerconfig);
        self.optional("fqdn_prefix", &mut circus.fqdn_prefix);
        circus
    }

    fn bound(&mut self, bound: &'static Bound) -> Option<u64> {
        let key = bound.key();
        let (value, at) = self.value(bounds::SECTION, &key)?;
        bound
            .read(&value)
            .inspect_err(|expected| {
                let exception = Exception::new(
                    Class::Value,
                    format!("[{}] {key}: found {}, expected {expected}", bounds::SECTION, repr_text(&value)),
                );
                self.mistyped(exception, &key, &value, at, expected);
            })
            .ok()
    }

    /// The value of a key with references replaced, and where it stands.
    fn value(&self, section: &str, key: &str) -> Option<(String, Span)> {
        let entry = self.tree.get(section, key)?;
        Some((self.names.replace(&entry.value), entry.value_at))
    }

    fn text(&mut self, key: &str, into: &mut String) {
        if let Some((value, _)) = self.value("circus", key) {
            *into = value;
        }
    }

    fn optional(&mut self, key: &str, into: &mut Option<String>) {
        if let Some((value, _)) = self.value("circus", key) {
            *into = Some(value);
        }
    }

    fn whole(&mut self, key: &str, into: &mut i64) {
        if let Some((value, at)) = self.value("circus", key) {
            let number = python::int(&value, 10);
            self.take(number, key, &value, at, WHOLE, into);
        }
    }

    fn real(&mut self, key: &str, into: &mut f64) {
        if let Some((value, at)) = self.value("circus", key) {
            let number = python::float(&value);
            self.take(number, key, &value, at, REAL, into);
        }
    }

    fn flag(&mut self, key: &str, into: &mut bool) {
        if let Some((value, at)) = self.value("circus", key) {
            let truth = python::to_bool(&json!(value));
            self.take(truth, key, &value, at, TRUTH, into);
        }
    }

    fn umask(&mut self, into: &mut Option<i64>) {
        if let Some((value, at)) = self.value("circus", "umask").filter(|(value, _)| !value.is_empty()) {
            let mask = python::int(&value, 8).map(Some);
            self.take(mask, "umask", &value, at, "an octal number such as 022", into);
        }
    }

    pub(super) fn take<T>(
        &mut self,
        read: Result<T, Exception>,
        key: &str,
        value: &str,
        at: Span,
        expected: &str,
        into: &mut T,
    ) {
        match read {
            Ok(value) => *into = value,
            Err(exception) => self.mistyped(exception, key, value, at, expected),
        }
    }

    pub(super) fn mistyped(
        &mut self,
        exception: Exception,
        key: &str,
        value: &str,
        at: Span,
        expected: &str,
    ) {
        let hint = vocabulary::advice(key, value, expected);
        let problem = Problem::error("").with_subject(key).with_clash(value, expected).with_place(Some(at));
        self.faults.push(Fault::new(exception, problem.with_hint(hint)));
    }

    fn socket(
        &mut self,
        section: &Section,
        items: &[&Entry],
        places: BTreeMap<String, Span>,
    ) -> SocketSection {
        let name = section.name.rsplit("socket:").next().unwrap_or_default().to_lowercase();
        let mut values = self.texts(items);
        for key in ["so_reuseport", "replace"] {
            let mut truth = false;
            if let Some(entry) = items.iter().find(|entry| entry.key == key) {
                let value = self.names.replace(&entry.value);
                let read = python::to_bool(&json!(value));
                self.take(read, key, &value, entry.value_at, TRUTH, &mut truth);
            }
            values.insert(key.to_owned(), json!(truth));
        }
        values.shift_remove("name");
        SocketSection { name, values, at: section.at, places }
    }

    fn plugin(
        &mut self,
        section: &Section,
        items: &[&Entry],
        places: BTreeMap<String, Span>,
    ) -> PluginSection {
        let mut values = self.texts(items);
        if let Some(entry) = items.iter().find(|entry| entry.key == "priority") {
            let value = self.names.replace(&entry.value);
            let mut priority = 0;
            self.take(python::int(&value, 10), "priority", &value, entry.value_at, WHOLE, &mut priority);
            values.insert("priority".to_owned(), json!(priority));
        }
        values.shift_remove("name");
        let class = values.shift_remove("use").as_ref().map(python::text).unwrap_or_default();
        PluginSection { name: section.name.clone(), class, values, at: section.at, places }
    }

    fn texts(&self, items: &[&Entry]) -> Map<String, Value> {
        items.iter().map(|entry| (entry.key.clone(), json!(self.names.replace(&entry.value)))).collect()
    }
}

/// A path under a directory, unless it is absolute.
fn under(directory: &str, path: &str) -> String {
    if path.starts_with('/') || directory.is_empty() {
        return path.to_owned();
    }
    if directory.ends_with('/') { format!("{directory}{path}") } else { format!("{directory}/{path}") }
}

pub(super) const WHOLE: &str = "a whole number such as 5";
pub(super) const REAL: &str = "a number such as 2.5";
pub(super) const TRUTH: &str = "true or false";
