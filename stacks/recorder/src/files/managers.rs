//! Where a recording is kept.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::template::{self, Template};
use crate::output::ModelOutput;
use crate::program::RecorderProgram;
use crate::recording::Recording;

/// Something that has a place for a recording.
#[derive(Clone, PartialEq, Debug)]
pub enum Manager {
    /// In a directory a year, a month and a day, named by a template.
    ByDate {
        /// Below this one.
        directory: PathBuf,
        /// How it is named.
        template: Template,
    },
    /// Named by its id.
    ById {
        /// In this directory.
        directory: PathBuf,
    },
    /// In one of two directories, by how sure the detector was.
    ByDetection(ByDetection),
}

/// Two directories, and when which.
#[derive(Clone, PartialEq, Debug)]
pub struct ByDetection {
    /// Where a recording is that no detector has looked at.
    pub directory: PathBuf,
    /// With this name in it, where it is when something has `detection_threshold`.
    pub true_dir: String,
    /// Where it is when something has `saving_threshold`; else there is no place for it.
    pub false_dir: String,
    /// How it is named, as `strftime` does, by its begin in UTC.
    pub timeformat: String,
    /// A score.
    pub detection_threshold: f64,
    /// A score.
    pub saving_threshold: f64,
}

impl Manager {
    /// The managers of a program, in the order in which they are asked. One, as in acoupi.
    #[must_use]
    pub fn of(program: &RecorderProgram) -> Vec<Self> {
        let directory = program.paths.recordings.clone();
        let manager = match (&program.saving_managers, &program.model) {
            (Some(saving), Some(model)) => Self::ByDetection(ByDetection {
                directory,
                true_dir: saving.true_dir.clone(),
                false_dir: saving.false_dir.clone(),
                timeformat: saving.timeformat.clone(),
                detection_threshold: model.detection_threshold,
                saving_threshold: saving.threshold,
            }),
            _ => {
                let written = Template::parse(&program.minder.filename_template);
                let template = written.or_else(|_| Template::parse(template::DEFAULT));
                match template {
                    Ok(template) => Self::ByDate { directory, template },
                    Err(_) => Self::ById { directory },
                }
            }
        };
        vec![manager]
    }

    /// Where a recording is to be. `None`: it has no place for it.
    #[must_use]
    pub fn place(&self, recording: &Recording, outputs: &[ModelOutput], device: &str) -> Option<PathBuf> {
        match self {
            Self::ByDate { directory, template } => {
                let date = recording.created_on.to_zoned(TimeZone::UTC).date();
                let day = directory
                    .join(date.year().to_string())
                    .join(date.month().to_string())
                    .join(date.day().to_string());
                Some(day.join(template.name(recording, device)))
            }
            Self::ById { directory } => Some(directory.join(format!("{}.wav", recording.id))),
            Self::ByDetection(by_detection) => {
                let name = template::dated(recording.created_on, &by_detection.timeformat);
                Some(by_detection.directory_for(outputs)?.join(format!("{name}.wav")))
            }
        }
    }
}

impl ByDetection {
    fn directory_for(&self, outputs: &[ModelOutput]) -> Option<PathBuf> {
        if outputs.is_empty() {
            return Some(self.directory.clone());
        }
        outputs.iter().find_map(|output| {
            let sure = |threshold| output.detections.iter().any(|found| found.detection_score >= threshold);
            if sure(self.detection_threshold) {
                Some(self.directory.join(&self.true_dir))
            } else {
                sure(self.saving_threshold).then(|| self.directory.join(&self.false_dir))
            }
        })
    }
}
