//! acoupi's words, to the letter.

pub(crate) const NOT_SET_UP: &str = "Acoupi is not setup. Run `acoupi setup` first.";
pub(crate) const COLLECTING: &str = "Collecting program files. It will take a minute or so, be patient...";
pub(crate) const CHECKING: &str = "Running health checks...";
pub(crate) const CHECKED: &str = "Health checks passed.";
pub(crate) const STARTING: &str = "Starting acoupi...";
pub(crate) const STARTED: &str = "Acoupi started.";
pub(crate) const STOPPING: &str = "Stopping acoupi...";
pub(crate) const STOPPED: &str = "Acoupi stopped.";
pub(crate) const ALREADY_DEPLOYED: &str = "Acoupi has already been deployed.";
pub(crate) const NOT_DEPLOYED: &str = "Acoupi has not been deployed yet.";
pub(crate) const ALREADY_ENDED: &str = "Acoupi deployment has already ended.";
pub(crate) const ASK_NAME: &str = "Enter the name of the deployment";
pub(crate) const ASK_LATITUDE: &str = "Enter the latitude of the deployment";
pub(crate) const ASK_LONGITUDE: &str = "Enter the longitude of the deployment";
pub(crate) const NO_DEVICE: &str = "No compatible audio device found.";
pub(crate) const RATE_QUESTION: &str = "\nSelect the samplerate. The default samplerate is recommended but your \
                                        device might support other sampling rates.";
pub(crate) const RATE_REFUSED: &str = "Samplerate not supported by the audio device.";
pub(crate) const RATE_HINT: &str = "Please try with another samplerate. We recommend you consult the documentation of \
                                    your audio device to find the supported samplerates.";
pub(crate) const EXPANSION_QUESTION: &str = "Adjust the playback speed/duration metadata for downstream analysis.\n\
                                             Example: Enter 10.0 if you recorded at 480kHz but need to process at 48kHz.\n\
                                             Enter the time expansion factor (default: 1.0). \n";
