//! Where pages get what they show: from any server with Kegbot's interface, or from the simulated server's own database.

use std::rc::Rc;

use jiff::Timestamp;

use crate::api::Api;
use crate::kegnet::time;
use crate::simulate::server::{Store, StoreError};

/// So many drinks are shown.
const DRINKS: usize = 20;

/// Where what is shown comes from.
#[derive(Clone)]
pub enum Source {
    /// A server.
    Server(Api),
    /// A database here.
    Store(Rc<Store>),
}

/// A tap as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct TapView {
    /// Its name.
    pub name: String,
    /// Its meter, by which flows name it.
    pub meter_name: String,
    /// What is in the keg.
    pub beer: Option<String>,
    /// Who made it.
    pub brewer: Option<String>,
    /// How full the keg is, percent.
    pub percent: Option<f64>,
    /// How warm it is, degrees Celsius.
    pub degrees: Option<f64>,
    /// The database's number, where a keg can be changed.
    pub id: Option<i64>,
}

/// A drink as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct DrinkView {
    /// The server's number.
    pub id: i64,
    /// Who had it.
    pub who: Option<String>,
    /// How much it was, mL.
    pub volume_ml: f64,
    /// When.
    pub time: Option<Timestamp>,
    /// At which tap, where that is known.
    pub tap: Option<String>,
}

/// A thermometer's readings: Unix seconds and degrees Celsius, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct TemperatureView {
    /// The thermometer.
    pub sensor: String,
    /// What it has read.
    pub readings: Vec<(i64, f64)>,
}

/// What there is to show.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Taps, in the server's order.
    pub taps: Vec<TapView>,
    /// Drinks, the newest first.
    pub drinks: Vec<DrinkView>,
}

impl Source {
    /// Looks.
    ///
    /// # Errors
    /// Why nothing can be shown.
    pub async fn view(&self) -> Result<View, String> {
        match self {
            Self::Store(store) => of_store(store).map_err(|error| error.to_string()),
            Self::Server(api) => {
                let api = api.clone();
                let looked = tokio::task::spawn_blocking(move || of_server(&api)).await;
                looked.map_err(|error| error.to_string())?
            }
        }
    }

    /// What thermometers have read. Nothing of a server, whose interface differs from version to version here.
    ///
    /// # Errors
    /// Why nothing can be shown.
    pub fn temperatures(&self) -> Result<Vec<TemperatureView>, String> {
        let Self::Store(store) = self else { return Ok(Vec::new()) };
        let read = || -> Result<Vec<TemperatureView>, StoreError> {
            let sensors = store.sensors()?;
            let read = |(_, sensor): (i64, String)| {
                let rows = store.temperatures(&sensor)?;
                let readings = rows.iter().rev().map(|row| (row.time, row.degrees)).collect();
                Ok(TemperatureView { sensor, readings })
            };
            sensors.into_iter().map(read).collect()
        };
        read().map_err(|error| error.to_string())
    }
}

fn of_store(store: &Store) -> Result<View, StoreError> {
    let mut taps = Vec::new();
    for tap in store.taps()? {
        let degrees = store.last_temperature(&tap.sensor)?.map(|last| last.degrees);
        taps.push(TapView {
            name: tap.name,
            meter_name: tap.meter_name,
            beer: tap.keg.as_ref().map(|keg| keg.beer.clone()),
            brewer: tap.keg.as_ref().map(|keg| keg.brewer.clone()),
            percent: tap.keg.as_ref().map(crate::simulate::server::Keg::percent),
            degrees,
            id: Some(tap.id),
        });
    }
    let drinks = store.drinks(i64::try_from(DRINKS).unwrap_or(20), None)?;
    let drinks = drinks.into_iter().map(|drink| DrinkView {
        id: drink.id,
        who: drink.username,
        volume_ml: drink.volume_ml,
        time: Timestamp::from_second(drink.time).ok(),
        tap: Some(drink.tap_name),
    });
    Ok(View { taps, drinks: drinks.collect() })
}

fn of_server(api: &Api) -> Result<View, String> {
    let taps = api.taps().map_err(|error| error.to_string())?;
    let taps = taps.into_iter().map(|tap| TapView {
        name: if tap.name.is_empty() { tap.meter_name.clone() } else { tap.name },
        meter_name: tap.meter_name,
        beer: tap.beer,
        brewer: tap.brewer,
        percent: tap.percent_full,
        degrees: tap.temperature,
        id: None,
    });
    let drinks = api.drinks().map_err(|error| error.to_string())?.drinks;
    let drinks = drinks.into_iter().take(DRINKS).map(|drink| DrinkView {
        id: drink.id,
        who: drink.user_id.filter(|name| name != "guest"),
        volume_ml: drink.volume_ml.unwrap_or_default(),
        time: time::read(&drink.time),
        tap: None,
    });
    Ok(View { taps: taps.collect(), drinks: drinks.collect() })
}
