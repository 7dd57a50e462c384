CREATE TABLE app_fermentationprofile (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(128) NOT NULL, status integer NOT NULL,
    profile_type varchar(32) NOT NULL);
CREATE TABLE app_fermentationprofilepoint (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, profile_id integer NOT NULL, ttl bigint NOT NULL,
    temperature_setting decimal NULL, temp_format varchar(1) NOT NULL);
CREATE TABLE app_beer (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(255) NOT NULL, device_id integer NULL,
    created datetime NOT NULL, format varchar(1) NOT NULL, model_version integer NOT NULL,
    gravity_enabled bool NOT NULL);
CREATE TABLE app_brewpidevice (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, device_name varchar(48) NOT NULL UNIQUE,
    temp_format varchar(1) NOT NULL, data_point_log_interval integer NOT NULL, "useInetSocket" bool NOT NULL,
    "socketHost" varchar(128) NOT NULL, "socketPort" integer NOT NULL UNIQUE, socket_name varchar(25) NOT NULL UNIQUE,
    logging_status varchar(10) NOT NULL, connection_type varchar(15) NOT NULL, serial_port varchar(255) NOT NULL,
    serial_alt_port varchar(255) NOT NULL, udev_serial_number varchar(255) NOT NULL,
    prefer_connecting_via_udev bool NOT NULL, board_type varchar(10) NOT NULL, wifi_host varchar(40) NOT NULL,
    wifi_host_ip varchar(46) NOT NULL, wifi_port integer NOT NULL, status varchar(15) NOT NULL,
    active_beer_id integer NULL, active_profile_id integer NULL, time_profile_started datetime NULL,
    of_a_later_version varchar(20) NOT NULL);
