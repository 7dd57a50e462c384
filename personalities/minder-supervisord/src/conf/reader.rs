//! The walk through a configuration, in the original's order.

use super::environment::Environment;
use super::expand::expand;
use super::fault::Fault;
use super::ini::{Included, Tree};
use super::lower;
use super::machine::{Machine, Unreadable};
use super::names::{Names, Scope};
use super::overrides::Overrides;
use super::paths::{absolute, directory_of, join};
use super::python::is_space;
use super::sections::{group, limits, rpcinterface, servers, supervisord};
use super::settings::{Settings, UnixServer};
use super::types::{self, TypeError};
use super::vocabulary;
use minder_config::{Problem, Sources, Span};
use std::collections::HashSet;

/// What is to be read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The path of the main file, as the user gave it: messages show it so.
    pub file: String,
    /// What the command line says.
    pub overrides: Overrides,
    /// [`Settings::carried`] of the last reading, if the same daemon reads again; else empty.
    pub carried: Environment,
}

/// What came of a reading.
#[derive(Debug)]
pub struct Reading {
    /// The files, to show problems with.
    pub sources: Sources,
    /// The settings. With faults they hold defaults where values are wrong, and are for showing only.
    pub settings: Settings,
    /// The mistakes for which the original refuses the configuration; it stops at the first.
    pub faults: Vec<Fault>,
    /// What the original does not refuse when it reads: unknown sections and keys, what it warns of, and errors that it meets
    /// only later.
    pub warnings: Vec<Problem>,
}

impl Reading {
    /// The settings, if the original would accept them.
    ///
    /// # Errors
    ///
    /// The original's text otherwise, to be printed behind `Error: `.
    pub fn accepted(self) -> Result<Settings, String> {
        match self.faults.into_iter().next() {
            None => Ok(self.settings),
            Some(fault) => Err(fault.text),
        }
    }

    /// Everything a check has to say, errors first, each once.
    #[must_use]
    pub fn problems(&self) -> Vec<&Problem> {
        let mut seen = HashSet::new();
        let faults = self.faults.iter().map(|fault| &fault.problem);
        faults.chain(&self.warnings).filter(|problem| seen.insert(*problem)).collect()
    }
}

/// Reads a configuration. Everything it needs to know comes from the request and the machine.
#[must_use]
pub fn read(request: &Request, machine: &dyn Machine) -> Reading {
    let mut reader = Reader::new(request, machine);
    reader.files();
    reader.settings(request)
}

/// The state of a walk.
pub(super) struct Reader<'m> {
    pub(super) machine: &'m dyn Machine,
    pub(super) tree: Tree,
    /// `ENV_…`: the daemon's own environment, later with the variables of `[supervisord]` on top.
    pub(super) environment: Names,
    /// The directory of the main file.
    pub(super) here: String,
    /// The main file as the user named it.
    pub(super) file: String,
    pub(super) parse_warnings: Vec<String>,
    sources: Sources,
    faults: Vec<Fault>,
    warnings: Vec<Problem>,
    parse_infos: Vec<String>,
}

/// The value of a setting, expanded.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) value: String,
    /// Where it is written; `None` for a default.
    pub(super) at: Option<Span>,
}

/// What looking for a setting comes to.
#[derive(Clone, Debug)]
pub(super) enum Looked {
    Found(Found),
    Absent,
    /// It is there and could not be expanded, which is already a fault.
    Broken,
}

impl Looked {
    pub(super) fn found(self) -> Option<Found> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Broken => None,
        }
    }
}

impl<'m> Reader<'m> {
    fn new(request: &Request, machine: &'m dyn Machine) -> Self {
        let mut environment = Names::new();
        for (name, value) in machine.environment() {
            environment.set_variable(&name, &value);
        }
        for (name, value) in request.carried.iter() {
            environment.set_variable(name, value);
        }
        Self {
            machine,
            tree: Tree::default(),
            environment,
            here: absolute(directory_of(&request.file), machine),
            file: request.file.clone(),
            parse_warnings: Vec::new(),
            sources: Sources::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
            parse_infos: Vec::new(),
        }
    }

    /// Reads the main file and what it includes.
    fn files(&mut self) {
        let path = self.file.clone();
        if !self.machine.exists(&path) {
            return self.refuse(format!("could not find config file {path}"), None);
        }
        let bytes = match self.machine.read_file(&path) {
            Ok(bytes) => bytes,
            Err(Unreadable::Missing | Unreadable::Refused) => {
                return self.refuse(format!("could not read config file {path}"), None);
            }
        };
        let file = self.sources.add(&path, bytes);
        let faults = self.tree.read(&self.sources, file, Included::No);
        self.faults.extend(faults);
        self.includes();
        if self.faults.is_empty() && self.tree.section("supervisord").is_none() {
            let hint = "add a section [supervisord]; it may be empty".to_owned();
            let text = ".ini file does not include supervisord section";
            self.fault(text, Problem::error("no section [supervisord]").with_hint(Some(hint)));
        }
    }

    fn includes(&mut self) {
        let Some(section) = self.tree.section("include") else { return };
        let section_at = section.at;
        let here = self.here.clone();
        self.tree.settle_here(&here);
        let Some(entry) = self.tree.get("include", "files").cloned() else {
            let text = ".ini file has [include] section, but no files setting";
            let hint = "write `files = conf.d/*.conf`, or remove the section".to_owned();
            let problem = Problem::error("no `files`").with_subject("include").with_place(Some(section_at));
            return self.fault(text, problem.with_hint(Some(hint)));
        };
        let mut names = Names::new();
        names.set("here", here.as_str());
        names.set("host_node_name", self.machine.host_name());
        let files = match expand(&entry.value, Scope(&[&names, &self.environment]), "include.files") {
            Ok(files) => files,
            Err(error) => {
                let problem =
                    Problem::error(error.to_string()).with_subject("files").with_place(Some(entry.value_at));
                return self.fault(error.to_string(), problem);
            }
        };
        for pattern in files.split(is_space).filter(|pattern| !pattern.is_empty()) {
            let pattern = join(&here, pattern);
            let paths = self.machine.glob(&pattern);
            if paths.is_empty() {
                self.note(format!("No file matches via include \"{pattern}\""), Some(entry.value_at));
            }
            for path in paths {
                self.include(&path);
            }
        }
    }

    fn include(&mut self, path: &str) {
        self.parse_infos.push(format!("Included extra file \"{path}\" during parsing"));
        // The original skips what it cannot open without a word, but settles `here` all the same.
        if let Ok(bytes) = self.machine.read_file(path) {
            let file = self.sources.add(path, bytes);
            let faults = self.tree.read(&self.sources, file, Included::Yes);
            self.faults.extend(faults);
        }
        let here = absolute(directory_of(path), self.machine);
        self.tree.settle_here(&here);
    }

    /// Goes through the sections in the original's order.
    fn settings(mut self, request: &Request) -> Reading {
        let mut supervisord = supervisord::read(&mut self);
        let carried = supervisord.environment.clone();
        for (name, value) in carried.iter() {
            self.environment.set_variable(name, value);
        }
        let rpc_interfaces = rpcinterface::read(&mut self);
        let mut groups = group::read_all(&mut self);
        for process in groups.iter_mut().flat_map(|group| &mut group.processes) {
            process.environment = supervisord.environment.overlaid(&process.environment);
        }
        let inet_servers = servers::inet(&mut self);
        let unix_servers = servers::unix(&mut self);
        let bounds = limits::read(&mut self);
        supervisord = supervisord::realized(supervisord, request, &mut self);
        vocabulary::judge(&self.tree, &mut self.warnings);
        self.warnings.extend(lower::repetitions(&groups));
        let uid = supervisord.user.as_ref().map_or_else(|| self.machine.user_id(), |user| user.uid);
        let search = search_path(self.machine);
        let url = |server: &UnixServer| format!("unix://{}", server.file);
        let server_url = unix_servers.first().map(url).or_else(|| {
            // The original prefers the first socket file but the last port.
            let server = inet_servers.last()?;
            let host = if server.host.is_empty() { "localhost" } else { &server.host };
            Some(format!("http://{host}:{}", server.port))
        });
        let settings = Settings {
            supervisord,
            inet_servers,
            unix_servers,
            rpc_interfaces,
            groups,
            server_url,
            search,
            uid,
            parse_warnings: self.parse_warnings,
            parse_infos: self.parse_infos,
            carried: request.carried.overlaid(&carried),
            bounds,
        };
        Reading { sources: self.sources, settings, faults: self.faults, warnings: self.warnings }
    }

    /// Looks for a setting and expands it. A default is expanded too, as the original does.
    pub(super) fn look(&mut self, section: &str, key: &str, default: Option<&str>, locals: &Names) -> Looked {
        let (value, at) = match (self.tree.get(section, key), default) {
            (Some(entry), _) => (entry.value.clone(), Some(entry.value_at)),
            (None, Some(default)) => (default.to_owned(), None),
            (None, None) => return Looked::Absent,
        };
        let scope = Scope(&[&self.environment, locals]);
        match expand(&value, scope, &format!("{section}.{key}")) {
            Ok(value) => Looked::Found(Found { key: key.to_owned(), value, at }),
            Err(error) => {
                self.unexpandable(key, at, &value, &error);
                Looked::Broken
            }
        }
    }

    /// A setting as it is written, and where.
    pub(super) fn written(&self, section: &str, key: &str) -> Option<(String, Span)> {
        self.tree.get(section, key).map(|entry| (entry.value.clone(), entry.value_at))
    }

    pub(super) fn unexpandable(
        &mut self,
        key: &str,
        at: Option<Span>,
        value: &str,
        error: &super::expand::ExpandError,
    ) {
        use super::expand::ExpandError;
        let (message, hint) = match error {
            ExpandError::Unknown { name, available, .. } => {
                let meant = minder_config::nearest::nearest(name, available.iter().map(String::as_str));
                let known: Vec<&str> =
                    available.iter().map(String::as_str).filter(|n| !n.starts_with("ENV_")).collect();
                let hint = match meant {
                    Some(meant) => format!("did you mean `%({meant})s`?"),
                    None if name.starts_with("ENV_") => format!("the variable {} is not set", &name[4..]),
                    None => format!("known here: {} and ENV_ with a variable", known.join(", ")),
                };
                (format!("nothing is called `{name}` here"), hint)
            }
            ExpandError::Malformed { reason, .. } => {
                let hint =
                    format!("write `%%` for a percent sign: {}", value.replace("%%", "%").replace('%', "%%"));
                (format!("`%` starts an expansion, and this one is not understood ({reason})"), hint)
            }
        };
        let problem = Problem::error(message).with_subject(key).with_place(at).with_hint(Some(hint));
        self.fault(error.to_string(), problem);
    }

    /// Adds a mistake, behind those that the original would come across before.
    pub(super) fn fault(&mut self, text: impl Into<String>, problem: Problem) {
        self.faults.push(Fault::new(text, problem));
    }

    /// Adds a mistake that is told to a person as to the original's user.
    pub(super) fn refuse(&mut self, text: impl Into<String>, at: Option<Span>) {
        let text = text.into();
        let problem = Problem::error(text.clone()).with_place(at);
        self.fault(text, problem);
    }

    /// Adds a value of the wrong kind.
    pub(super) fn mistyped(&mut self, found: &Found, error: &TypeError) {
        let problem = Problem::error("")
            .with_subject(&*found.key)
            .with_clash(&*found.value, error.expected())
            .with_place(found.at)
            .with_hint(vocabulary::advice(&found.value, error.expected()));
        self.fault(error.to_string(), problem);
    }

    /// Adds a line that the original logs as a warning when it has started.
    pub(super) fn note(&mut self, text: String, at: Option<Span>) {
        self.warnings.push(Problem::warning(text.clone()).with_place(at));
        self.parse_warnings.push(text);
    }

    /// Adds something that only a check tells.
    pub(super) fn remark(&mut self, problem: Problem) {
        self.warnings.push(problem);
    }

    /// How many mistakes there are, to be given to [`Reader::since`] later.
    pub(super) fn mark(&self) -> usize {
        self.faults.len()
    }

    /// The mistakes since a mark.
    pub(super) fn since(&mut self, mark: usize) -> &mut [Fault] {
        &mut self.faults[mark..]
    }

    /// Drops the mistakes since a mark, which were counted before.
    pub(super) fn forget(&mut self, mark: usize) {
        self.faults.truncate(mark);
    }

    /// The names of all sections that start so, in file order.
    pub(super) fn sections(&self, prefix: &str) -> Vec<String> {
        let sections = self.tree.sections().iter();
        sections.map(|section| &section.name).filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Where a section begins.
    pub(super) fn section_at(&self, name: &str) -> Option<Span> {
        self.tree.section(name).map(|section| section.at)
    }

    /// A view on one section.
    pub(super) fn view<'r>(&'r mut self, section: &'r str, locals: &'r Names) -> View<'r, 'm> {
        View { reader: self, section, locals }
    }
}

/// Where programs are looked for if their environment does not say.
fn search_path(machine: &dyn Machine) -> Vec<String> {
    let environment = machine.environment();
    match environment.iter().find(|(name, value)| name == "PATH" && !value.is_empty()) {
        Some((_, value)) => lower::split_path(value),
        None => ["/bin", "/usr/bin", "/usr/local/bin"].map(str::to_owned).to_vec(),
    }
}

/// One section, looked at with the names that its values may use. Each function gives the default where the value is wrong,
/// after it has added the fault.
pub(super) struct View<'r, 'm> {
    pub(super) reader: &'r mut Reader<'m>,
    pub(super) section: &'r str,
    pub(super) locals: &'r Names,
}

impl View<'_, '_> {
    pub(super) fn look(&mut self, key: &str, default: Option<&str>) -> Looked {
        self.reader.look(self.section, key, default, self.locals)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.look(key, None).found().map(|found| found.value)
    }

    pub(super) fn convert<T>(
        &mut self,
        looked: Looked,
        convert: impl FnOnce(&str) -> Result<T, TypeError>,
    ) -> Option<T> {
        let found = looked.found()?;
        match convert(&found.value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.reader.mistyped(&found, &error);
                None
            }
        }
    }

    pub(super) fn integer(&mut self, key: &str, default: i64) -> i64 {
        let looked = self.look(key, None);
        self.convert(looked, types::integer).unwrap_or(default)
    }

    pub(super) fn flag(&mut self, key: &str, default: Default) -> bool {
        let looked = self.look(key, None);
        self.convert(looked, types::boolean).unwrap_or(default == Default::On)
    }

    pub(super) fn bytes(&mut self, key: &str, default: i64) -> i64 {
        let looked = self.look(key, None);
        self.convert(looked, types::byte_size).unwrap_or(default)
    }
}

/// What a switch is if the file does not say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    On,
    Off,
}
