//! Circus: the same questions as for Supervisor, asked in its words, and those that only it answers.
//!
//! [`station`] is one circusd with one configuration, [`client`] asks it over ZeroMQ; then a file a measurement.

mod client;
mod idle;
mod load;
mod reload;
mod restart;
mod station;

use super::figures::Row;
use super::place::Place;
use super::start;
use crate::step::Problem;

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut rows = start::rows::<load::Load>(place, &[100, 1000])?;
    rows.push(restart::measure(place)?);
    rows.push(reload::measure(place)?);
    rows.extend(idle::measure(place)?);
    Ok(rows)
}
