//! The words of the original, and of the circusctl that it calls.

/// The beginning of the line that `start` and `stop` print.
pub(crate) const NAME: &str = "Fermentrack supervisor: circusd: ";
/// The spelling is the original's: people search for it.
pub(crate) const NO_VIRTUALENV: &str = "ERROR: Could not find python virtualenv enviroment";
pub(crate) const DONE: &str = "done";
/// Ours: the original says that it is done, and its second daemon dies silently.
pub(crate) const RUNNING: &str = "already running";
pub(crate) const FAILED: &str = "failed, please see logfile.";
pub(crate) const CHECKING_CRON: &str = "Checking and fixing cron entries for Fermentrack";
pub(crate) const ADDING_REBOOT: &str = " - Adding @reboot cron entry for fermentrack to cron";
pub(crate) const ADDING_PERIODIC: &str = " - Adding periodic checks for fermentrack to cron";

/// What circusctl says of a daemon that does not answer.
pub(crate) const TIMED_OUT: &str = "\
Timed out.
A time out usually happens in one of those cases:

#1 The Circus daemon could not be reached.
#2 The Circus daemon took too long to perform the operation

For #1, make sure you are hitting the right place
by checking your --endpoint option.

For #2, if you are not expecting a result to
come back, increase your timeout option value
(particularly with waiting switches)
";

/// What an argument that is none of these gets, and no argument.
pub(crate) fn usage(script: &str) -> String {
    format!("Usage: {script} {{start|stop|status|startifstopped|add2cron}}")
}
