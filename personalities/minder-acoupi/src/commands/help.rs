//! What `--help` shows, in the form that click gives it.

pub(crate) const ACOUPI: &str = "  Welcome to acoupi, as minder does it.

  Begin with `acoupi setup`, which sets a program up. Then `acoupi deployment
  start` takes it to work.

Options:
  --help  Show this message and exit.

Commands:
  celery      Ask for the queue and its workers in Celery's words.
  check       Look whether the program could work as it is set.
  config      Show or change how the program is set.
  deployment  Begin and end deployments, and look how they are.
  setup       Set a program up.
  task        List and run the tasks of the program.
  workers     Start and stop workers by hand.
";

pub(crate) const CONFIG: &str = "  Show or change how the program is set.

  The program must have been set up before, by `acoupi setup`.

Options:
  --help  Show this message and exit.

Commands:
  get  Show all of the configuration, or a field of it.
  set  Change a field of the configuration, or all of it.
";

pub(crate) const DEPLOYMENT: &str = "  Begin and end deployments, and look how they are.

Options:
  --help  Show this message and exit.

Commands:
  start   Begin a deployment.
  status  Show how services, workers, program and deployment are.
  stop    End the deployment.
";

pub(crate) const TASK: &str = "  List and run the tasks of the program.

Options:
  --help  Show this message and exit.

Commands:
  list     List the tasks of the program.
  profile  Run a task and show how long it took.
  run      Run a task.
";

pub(crate) const WORKERS: &str = "  Start and stop workers by hand.

Options:
  --help  Show this message and exit.

Commands:
  purge    Empty all queues.
  restart  Restart the workers.
  start    Start the workers.
  stop     Stop the workers.
";

pub(crate) const CELERY: &str = "  Ask for the queue and its workers in Celery's words.

  Known are: status, inspect ping|active|registered, purge. Put `--` before
  options.

Options:
  --help  Show this message and exit.
";

pub(crate) const CHECK: &str = "  Look whether the program could work as it is set.

Options:
  --help  Show this message and exit.
";

pub(crate) const SETUP: &str = "  Set a program up.

  Fields of the configuration can be given as `--recording.duration 5`.

Options:
  --program TEXT
  --prompt / --no-prompt
  --help                  Show this message and exit.
";

pub(crate) const GET: &str = "  Show all of the configuration, or a field of it.

Options:
  --field TEXT           The field, as in recording.duration or list.0.
  --color / --no-color   Whether there are colours, on a terminal.
  -i, --indent INTEGER   Blanks before what is inside.
  --help                 Show this message and exit.
";

pub(crate) const SET: &str = "  Change a field of the configuration, or all of it.

  For example: acoupi config set --field recording.duration 5

Options:
  --field TEXT  The field; without it VALUE is the whole, as JSON.
  --help        Show this message and exit.
";

pub(crate) const START: &str = "  Begin a deployment.

Options:
  --name TEXT
  --latitude FLOAT      Degrees to the north, -90 to 90.
  --longitude FLOAT     Degrees to the east, -180 to 180.
  --check / --no-check  Whether it is looked first if it could work.
  --help                Show this message and exit.
";

pub(crate) const STOP: &str = "  End the deployment.

Options:
  --help  Show this message and exit.
";

pub(crate) const STATUS: &str = "  Show how services, workers, program and deployment are.

Options:
  --help  Show this message and exit.
";

pub(crate) const LIST: &str = "  List the tasks of the program.

Options:
  --help  Show this message and exit.
";

pub(crate) const RUN: &str = "  Run a task here, and not by a worker.

Options:
  --help  Show this message and exit.
";

pub(crate) const PROFILE: &str = "  Run a task and show how long it took, and what it needed.

Options:
  --output PATH                   Where the figures are written to.
  --quiet BOOLEAN                 Whether they are not shown.
  --log-level [DEBUG|INFO|WARNING|ERROR|CRITICAL]
                                  How much the task says.
  --help                          Show this message and exit.
";

pub(crate) const START_WORKERS: &str = "  Start the workers.

Options:
  --help  Show this message and exit.
";

pub(crate) const STOP_WORKERS: &str = "  Stop the workers when they have done what they do.

Options:
  --help  Show this message and exit.
";

pub(crate) const RESTART_WORKERS: &str = "  Restart the workers.

Options:
  --help  Show this message and exit.
";

pub(crate) const PURGE_WORKERS: &str = "  Empty all queues.

Options:
  --help  Show this message and exit.
";
