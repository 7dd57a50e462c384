//! All processes of a watcher in one object: `stat.NAME`.

use minder_core::ids::Pid;
use serde_json::{Value, json};

use super::info::ProcessInfo;

/// What was seen of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Aggregate {
    pids: Vec<Pid>,
    /// One entry a process, `None` where the kernel tells nothing.
    cpus: Vec<Option<f64>>,
    mems: Vec<Option<f64>>,
    oldest: Option<f64>,
}

impl Aggregate {
    pub(super) fn add(&mut self, info: &ProcessInfo) {
        self.pids.push(info.pid);
        self.cpus.push(info.cpu);
        self.mems.push(info.mem);
        self.oldest = self.oldest.into_iter().chain(info.age).reduce(f64::max);
    }

    /// The mean of the processor shares, the sum of the memory, the age of the oldest. One process that hides a figure
    /// hides it for all.
    pub(super) fn to_json(&self) -> Value {
        // From plain zero: the sum of nothing would be told as -0.0.
        let sum = |values: &[Option<f64>]| values.iter().try_fold(0.0, |sum, value| Some(sum + (*value)?));
        #[allow(clippy::cast_precision_loss, reason = "no machine has that many processes")]
        let count = self.cpus.len().max(1) as f64;
        let known = |value: Option<f64>| value.map_or_else(|| json!("N/A"), |value| json!(value));
        json!({
            "pid": self.pids.iter().map(|pid| pid.get()).collect::<Vec<u32>>(),
            "cpu": known(sum(&self.cpus).map(|sum| sum / count)),
            "mem": known(sum(&self.mems)),
            "age": known(self.oldest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Aggregate;

    #[test]
    fn one_who_hides_a_figure_hides_it_for_all() {
        let aggregate = Aggregate {
            cpus: vec![Some(1.0), Some(2.0)],
            mems: vec![Some(0.5), None],
            ..Aggregate::default()
        };
        assert_eq!(aggregate.to_json().to_string(), r#"{"pid":[],"cpu":1.5,"mem":"N/A","age":"N/A"}"#);
        let nobody = Aggregate::default().to_json();
        assert_eq!(nobody.to_string(), r#"{"pid":[],"cpu":0.0,"mem":0.0,"age":"N/A"}"#);
    }
}
