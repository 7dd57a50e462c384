//! From the file's agenda to the core's, which checks it as it checks every other.

use std::time::Duration;

use minder_core::agenda as core;
use minder_core::ids::{ByteString, ResidentName, TaskName, WorkerName};

use super::wire;

pub(super) fn agenda(wire: wire::Agenda) -> Result<core::Agenda, Vec<core::AgendaProblem>> {
    let residents = wire
        .residents
        .into_iter()
        .map(|resident| core::ResidentSpec {
            name: ResidentName::new(resident.name),
            command: command(resident.command),
        })
        .collect();
    core::Agenda::new(
        wire.tasks.into_iter().map(task).collect(),
        wire.workers.into_iter().map(worker).collect(),
        residents,
        settings(wire.settings),
    )
}

fn settings(wire: wire::Settings) -> core::AgendaSettings {
    core::AgendaSettings {
        zone: wire.zone.into(),
        place: wire.place.map(|place| core::Place {
            latitude: place.latitude_millionths,
            longitude: place.longitude_millionths,
        }),
        queue: match wire.queue {
            wire::Queue::Embedded => core::QueueSpec::Embedded,
            wire::Queue::Jetstream { servers, stream, credentials } => {
                core::QueueSpec::JetStream(core::JetStreamSpec {
                    servers: servers.into(),
                    stream: stream.into(),
                    credentials: credentials.map(bytes),
                })
            }
        },
        history: wire.history,
    }
}

fn task(wire: wire::Task) -> core::TaskSpec {
    core::TaskSpec {
        name: TaskName::new(wire.name),
        job: match wire.job {
            wire::Job::Command(job) => core::Job::Command(command(job)),
            wire::Job::Resident(resident) => core::Job::Resident(ResidentName::new(resident)),
        },
        due: due(wire.due),
        zone: wire.zone.map(Into::into),
        between: wire
            .between
            .map(|window| core::Window { from: day_time(&window.from), until: day_time(&window.until) }),
        jitter: Duration::from_nanos(wire.jitter_ns),
        overlap: match wire.overlap {
            wire::Overlap::Skip => core::Overlap::Skip,
            wire::Overlap::Queue => core::Overlap::Queue,
            wire::Overlap::Replace => core::Overlap::Replace,
        },
        missed: match wire.missed {
            wire::Missed::Skip => core::Missed::Skip,
            wire::Missed::Once => core::Missed::Once,
            wire::Missed::Each(most) => core::Missed::Each(most),
        },
        timeout: core::Timeout {
            soft: wire.timeout_soft_ns.map(Duration::from_nanos),
            hard: wire.timeout_hard_ns.map(Duration::from_nanos),
        },
        retry: core::Retry {
            times: wire.retry.times,
            delay: Duration::from_nanos(wire.retry.delay_ns),
            factor_percent: wire.retry.factor_percent,
            delay_max: Duration::from_nanos(wire.retry.delay_max_ns),
        },
        then: wire.then.into_iter().map(TaskName::new).collect(),
        worker: WorkerName::new(wire.worker),
    }
}

fn due(wire: wire::Due) -> core::Due {
    match wire {
        wire::Due::OnDemand => core::Due::OnDemand,
        wire::Due::Every { interval_ns, aligned_ns } => core::Due::Every {
            interval: Duration::from_nanos(interval_ns),
            phase: match aligned_ns {
                None => core::Phase::Free,
                Some(later) => core::Phase::Aligned(Duration::from_nanos(later)),
            },
        },
        wire::Due::Cron(expression) => core::Due::Cron(expression.into()),
        wire::Due::At(moments) => core::Due::At(moments.into_iter().map(moment).collect()),
    }
}

fn moment(wire: wire::Moment) -> core::Moment {
    match wire {
        wire::Moment::Daily(time) => core::Moment::Daily(day_time(&time)),
        wire::Moment::Once(text) => core::Moment::Once(text.into()),
    }
}

fn day_time(wire: &wire::DayTime) -> core::DayTime {
    match wire {
        wire::DayTime::Clock { seconds } => core::DayTime::Clock(*seconds),
        wire::DayTime::Sun { event, offset_seconds } => core::DayTime::Sun {
            event: match event {
                wire::SunEvent::Sunrise => core::SunEvent::Sunrise,
                wire::SunEvent::Sunset => core::SunEvent::Sunset,
                wire::SunEvent::Dawn => core::SunEvent::Dawn,
                wire::SunEvent::Dusk => core::SunEvent::Dusk,
                wire::SunEvent::Noon => core::SunEvent::Noon,
            },
            offset: *offset_seconds,
        },
    }
}

fn worker(wire: wire::Worker) -> core::WorkerSpec {
    core::WorkerSpec {
        name: WorkerName::new(wire.name),
        at_once: wire.at_once,
        backlog: wire.backlog,
        bound: match wire.bound {
            wire::Bound::Refuse => core::Bound::Refuse,
            wire::Bound::DropOldest => core::Bound::DropOldest,
            wire::Bound::Wait => core::Bound::Wait,
        },
    }
}

fn command(wire: wire::Command) -> core::JobCommand {
    core::JobCommand {
        argv: wire.argv.into_iter().map(bytes).collect(),
        directory: wire.directory.map(bytes),
        environment: wire.environment.into_iter().map(|(name, value)| (bytes(name), bytes(value))).collect(),
    }
}

fn bytes(wire: wire::Text) -> ByteString {
    match wire {
        wire::Text::Utf8(text) => ByteString::from(text.as_bytes()),
        wire::Text::Bytes(bytes) => ByteString::from(bytes),
    }
}
