//! From the core's agenda to the file's.

use std::time::Duration;

use minder_core::agenda as core;
use minder_core::ids::ByteString;

use super::wire;

pub(super) fn agenda(agenda: &core::Agenda) -> wire::Agenda {
    wire::Agenda {
        version: wire::VERSION,
        settings: settings(agenda.settings()),
        tasks: agenda.tasks().iter().map(task).collect(),
        workers: agenda.workers().iter().map(worker).collect(),
        residents: agenda
            .residents()
            .iter()
            .map(|resident| wire::Resident {
                name: resident.name.to_string(),
                command: command(&resident.command),
            })
            .collect(),
    }
}

fn settings(settings: &core::AgendaSettings) -> wire::Settings {
    wire::Settings {
        zone: settings.zone.to_string(),
        place: settings.place.map(|place| wire::Place {
            latitude_millionths: place.latitude,
            longitude_millionths: place.longitude,
        }),
        queue: match &settings.queue {
            core::QueueSpec::Embedded => wire::Queue::Embedded,
            core::QueueSpec::JetStream(spec) => wire::Queue::Jetstream {
                servers: spec.servers.to_string(),
                stream: spec.stream.to_string(),
                credentials: spec.credentials.as_ref().map(text),
            },
        },
        history: settings.history,
    }
}

fn task(task: &core::TaskSpec) -> wire::Task {
    wire::Task {
        name: task.name.to_string(),
        job: match &task.job {
            core::Job::Command(job) => wire::Job::Command(command(job)),
            core::Job::Resident(resident) => wire::Job::Resident(resident.to_string()),
        },
        due: due(&task.due),
        zone: task.zone.as_ref().map(ToString::to_string),
        between: task
            .between
            .map(|window| wire::Window { from: day_time(window.from), until: day_time(window.until) }),
        jitter_ns: nanoseconds(task.jitter),
        overlap: match task.overlap {
            core::Overlap::Skip => wire::Overlap::Skip,
            core::Overlap::Queue => wire::Overlap::Queue,
            core::Overlap::Replace => wire::Overlap::Replace,
        },
        missed: match task.missed {
            core::Missed::Skip => wire::Missed::Skip,
            core::Missed::Once => wire::Missed::Once,
            core::Missed::Each(most) => wire::Missed::Each(most),
        },
        timeout_soft_ns: task.timeout.soft.map(nanoseconds),
        timeout_hard_ns: task.timeout.hard.map(nanoseconds),
        retry: wire::Retry {
            times: task.retry.times,
            delay_ns: nanoseconds(task.retry.delay),
            factor_percent: task.retry.factor_percent,
            delay_max_ns: nanoseconds(task.retry.delay_max),
        },
        then: task.then.iter().map(ToString::to_string).collect(),
        worker: task.worker.to_string(),
    }
}

fn due(due: &core::Due) -> wire::Due {
    match due {
        core::Due::OnDemand => wire::Due::OnDemand,
        core::Due::Every { interval, phase } => wire::Due::Every {
            interval_ns: nanoseconds(*interval),
            aligned_ns: match phase {
                core::Phase::Free => None,
                core::Phase::Aligned(later) => Some(nanoseconds(*later)),
            },
        },
        core::Due::Cron(expression) => wire::Due::Cron(expression.to_string()),
        core::Due::At(moments) => wire::Due::At(moments.iter().map(moment).collect()),
    }
}

fn moment(moment: &core::Moment) -> wire::Moment {
    match moment {
        core::Moment::Daily(time) => wire::Moment::Daily(day_time(*time)),
        core::Moment::Once(text) => wire::Moment::Once(text.to_string()),
    }
}

fn day_time(time: core::DayTime) -> wire::DayTime {
    match time {
        core::DayTime::Clock(seconds) => wire::DayTime::Clock { seconds },
        core::DayTime::Sun { event, offset } => wire::DayTime::Sun {
            event: match event {
                core::SunEvent::Sunrise => wire::SunEvent::Sunrise,
                core::SunEvent::Sunset => wire::SunEvent::Sunset,
                core::SunEvent::Dawn => wire::SunEvent::Dawn,
                core::SunEvent::Dusk => wire::SunEvent::Dusk,
                core::SunEvent::Noon => wire::SunEvent::Noon,
            },
            offset_seconds: offset,
        },
    }
}

fn worker(worker: &core::WorkerSpec) -> wire::Worker {
    wire::Worker {
        name: worker.name.to_string(),
        at_once: worker.at_once,
        backlog: worker.backlog,
        bound: match worker.bound {
            core::Bound::Refuse => wire::Bound::Refuse,
            core::Bound::DropOldest => wire::Bound::DropOldest,
            core::Bound::Wait => wire::Bound::Wait,
        },
    }
}

fn command(command: &core::JobCommand) -> wire::Command {
    wire::Command {
        argv: command.argv.iter().map(text).collect(),
        directory: command.directory.as_ref().map(text),
        environment: command.environment.iter().map(|(name, value)| (text(name), text(value))).collect(),
    }
}

fn text(bytes: &ByteString) -> wire::Text {
    match std::str::from_utf8(bytes.as_bytes()) {
        Ok(text) => wire::Text::Utf8(text.to_owned()),
        Err(_) => wire::Text::Bytes(bytes.as_bytes().to_vec()),
    }
}

/// Beyond 584 years it is for ever anyway.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
