//! The tables, with Fermentrack's names: what is made here, Fermentrack's readers understand.

/// Makes those that are not there.
pub(super) const TABLES: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS app_fermentationprofile (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 1,
    profile_type TEXT NOT NULL DEFAULT 'Standard Profile'
);
CREATE TABLE IF NOT EXISTS app_fermentationprofilepoint (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id INTEGER NOT NULL REFERENCES app_fermentationprofile (id),
    ttl INTEGER NOT NULL,
    temperature_setting DECIMAL,
    temp_format TEXT NOT NULL DEFAULT 'C'
);
CREATE TABLE IF NOT EXISTS app_beer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    device_id INTEGER REFERENCES app_brewpidevice (id),
    created TEXT NOT NULL,
    format TEXT NOT NULL DEFAULT 'C',
    model_version INTEGER NOT NULL DEFAULT 2,
    gravity_enabled INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS app_brewpidevice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device_name TEXT NOT NULL UNIQUE,
    temp_format TEXT NOT NULL DEFAULT 'C',
    data_point_log_interval INTEGER NOT NULL DEFAULT 30,
    useInetSocket INTEGER NOT NULL DEFAULT 0,
    socketHost TEXT NOT NULL DEFAULT 'localhost',
    socketPort INTEGER,
    socket_name TEXT NOT NULL DEFAULT 'BEERSOCKET',
    logging_status TEXT NOT NULL DEFAULT 'stopped',
    connection_type TEXT NOT NULL DEFAULT 'serial',
    serial_port TEXT NOT NULL DEFAULT 'auto',
    serial_alt_port TEXT NOT NULL DEFAULT 'None',
    udev_serial_number TEXT NOT NULL DEFAULT '',
    prefer_connecting_via_udev INTEGER NOT NULL DEFAULT 1,
    board_type TEXT NOT NULL DEFAULT 'uno',
    wifi_host TEXT NOT NULL DEFAULT 'None',
    wifi_host_ip TEXT NOT NULL DEFAULT '',
    wifi_port INTEGER NOT NULL DEFAULT 23,
    status TEXT NOT NULL DEFAULT 'active',
    active_beer_id INTEGER REFERENCES app_beer (id),
    active_profile_id INTEGER REFERENCES app_fermentationprofile (id),
    time_profile_started TEXT
);
";
