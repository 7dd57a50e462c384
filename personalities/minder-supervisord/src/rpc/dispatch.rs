//! From a method's name and parameters to its code.

use super::faults::{Code, Failure, fault};
use super::help::{METHODS, Method};
use super::{Interface, Rpc};
use crate::xmlrpc::Value;

/// Every method there is, old names aside: those lead to the same code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Procedure {
    /// `supervisor.getAPIVersion`, `getVersion`
    ApiVersion,
    /// `supervisor.getSupervisorVersion`
    SupervisorVersion,
    /// `supervisor.getIdentification`
    Identification,
    /// `supervisor.getState`
    State,
    /// `supervisor.getPID`
    Pid,
    /// `supervisor.readLog`, `readMainLog`
    ReadLog,
    /// `supervisor.clearLog`
    ClearLog,
    /// `supervisor.shutdown`
    Shutdown,
    /// `supervisor.restart`
    Restart,
    /// `supervisor.reloadConfig`
    ReloadConfig,
    /// `supervisor.addProcessGroup`
    AddProcessGroup,
    /// `supervisor.removeProcessGroup`
    RemoveProcessGroup,
    /// `supervisor.startProcess`
    StartProcess,
    /// `supervisor.startProcessGroup`
    StartProcessGroup,
    /// `supervisor.startAllProcesses`
    StartAllProcesses,
    /// `supervisor.stopProcess`
    StopProcess,
    /// `supervisor.stopProcessGroup`
    StopProcessGroup,
    /// `supervisor.stopAllProcesses`
    StopAllProcesses,
    /// `supervisor.signalProcess`
    SignalProcess,
    /// `supervisor.signalProcessGroup`
    SignalProcessGroup,
    /// `supervisor.signalAllProcesses`
    SignalAllProcesses,
    /// `supervisor.getAllConfigInfo`
    AllConfigInfo,
    /// `supervisor.getProcessInfo`
    ProcessInfo,
    /// `supervisor.getAllProcessInfo`
    AllProcessInfo,
    /// `supervisor.readProcessStdoutLog`, `readProcessLog`
    ReadStdout,
    /// `supervisor.readProcessStderrLog`
    ReadStderr,
    /// `supervisor.tailProcessStdoutLog`, `tailProcessLog`
    TailStdout,
    /// `supervisor.tailProcessStderrLog`
    TailStderr,
    /// `supervisor.clearProcessLogs`, `clearProcessLog`
    ClearProcessLogs,
    /// `supervisor.clearAllProcessLogs`
    ClearAllProcessLogs,
    /// `supervisor.sendProcessStdin`
    SendProcessStdin,
    /// `supervisor.sendRemoteCommEvent`
    SendRemoteCommEvent,
    /// `system.listMethods`
    ListMethods,
    /// `system.methodHelp`
    MethodHelp,
    /// `system.methodSignature`
    MethodSignature,
    /// `system.multicall`
    Multicall,
}

/// What minder's own commands ask beside the original's methods: an array of strings, each a thing that is wrong at the moment and
/// that no program is to blame for.
pub const TROUBLES: &str = "minder.getTroubles";

/// Which log of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Of its standard output.
    Stdout,
    /// Of its standard error.
    Stderr,
}

impl Rpc {
    /// Carries out one call, a `multicall` included.
    ///
    /// # Errors
    /// The fault, or the crash, that takes the place of a result.
    pub async fn call(&self, name: &str, params: &[Value]) -> Result<Value, Failure> {
        // Not among the methods that are listed: who looks there expects the original's.
        if let (TROUBLES, []) = (name, params) {
            return self.troubles().await;
        }
        let method = self.method(name)?;
        method.check(params)?;
        match (method.procedure, params) {
            (Procedure::Multicall, [calls]) => self.multicall(calls).await,
            (procedure, params) => self.carry_out(procedure, params).await,
        }
    }

    /// Carries out one call that is no `multicall`.
    pub(super) async fn single(&self, name: &str, params: &[Value]) -> Result<Value, Failure> {
        let method = self.method(name)?;
        method.check(params)?;
        self.carry_out(method.procedure, params).await
    }

    /// The method of this name, if it can be called.
    pub(super) fn method(&self, name: &str) -> Result<&'static Method, Failure> {
        self.methods().find(|method| method.name == name).ok_or_else(|| fault(Code::UnknownMethod, None))
    }

    /// The methods that can be called, by name.
    pub(super) fn methods(&self) -> impl Iterator<Item = &'static Method> + use<> {
        let interface = self.interface;
        METHODS.iter().filter(move |method| match interface {
            Interface::Present => true,
            Interface::Absent => method.name.starts_with("system."),
        })
    }

    async fn carry_out(&self, procedure: Procedure, params: &[Value]) -> Result<Value, Failure> {
        use Procedure as P;
        // A missing `wait` means yes; `Method::check` has seen to it that nothing else is missing.
        let waits = Value::Bool(true);
        let param = |at: usize| params.get(at).unwrap_or(&Value::Nil);
        let wait = |at: usize| params.get(at).unwrap_or(&waits).is_truthy().into();
        match procedure {
            P::ApiVersion => self.api_version().await,
            P::SupervisorVersion => self.supervisor_version().await,
            P::Identification => self.identification().await,
            P::State => self.state().await,
            P::Pid => self.pid().await,
            P::ReadLog => self.read_log(param(0), param(1)).await,
            P::ClearLog => self.clear_log().await,
            P::Shutdown => self.shutdown().await,
            P::Restart => self.restart().await,
            P::ReloadConfig => self.reload_config().await,
            P::AddProcessGroup => self.add_process_group(param(0)).await,
            P::RemoveProcessGroup => self.remove_process_group(param(0)).await,
            P::StartProcess => self.start_process(param(0), wait(1)).await,
            P::StartProcessGroup => self.start_process_group(param(0), wait(1)).await,
            P::StartAllProcesses => self.start_all_processes(wait(0)).await,
            P::StopProcess => self.stop_process(param(0), wait(1)).await,
            P::StopProcessGroup => self.stop_process_group(param(0), wait(1)).await,
            P::StopAllProcesses => self.stop_all_processes(wait(0)).await,
            P::SignalProcess => self.signal_process(param(0), param(1)).await,
            P::SignalProcessGroup => self.signal_process_group(param(0), param(1)).await,
            P::SignalAllProcesses => self.signal_all_processes(param(0)).await,
            P::AllConfigInfo => self.all_config_info().await,
            P::ProcessInfo => self.process_info(param(0)).await,
            P::AllProcessInfo => self.all_process_info().await,
            P::ReadStdout => self.read_process_log(Channel::Stdout, param(0), param(1), param(2)).await,
            P::ReadStderr => self.read_process_log(Channel::Stderr, param(0), param(1), param(2)).await,
            P::TailStdout => self.tail_process_log(Channel::Stdout, param(0), param(1), param(2)).await,
            P::TailStderr => self.tail_process_log(Channel::Stderr, param(0), param(1), param(2)).await,
            P::ClearProcessLogs => self.clear_process_logs(param(0)).await,
            P::ClearAllProcessLogs => self.clear_all_process_logs().await,
            P::SendProcessStdin => self.send_process_stdin(param(0), param(1)).await,
            P::SendRemoteCommEvent => self.send_remote_comm_event(param(0), param(1)).await,
            P::ListMethods => Ok(self.list_methods()),
            P::MethodHelp => self.method_help(param(0)),
            P::MethodSignature => self.method_signature(param(0)),
            // `call` took those with one parameter, and `check` refused all others.
            P::Multicall => Err(fault(Code::IncorrectParameters, None)),
        }
    }
}

impl Method {
    /// Whether this many parameters fit.
    fn check(&self, params: &[Value]) -> Result<(), Failure> {
        if self.accepts(params.len()) { Ok(()) } else { Err(fault(Code::IncorrectParameters, None)) }
    }
}
