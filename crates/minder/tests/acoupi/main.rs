//! acoupi's commands from end to end: the real program under that name, with a home of its own, and with programs of the test
//! in the place of `systemctl` and `crontab`.

mod cron;
mod deploying;
mod failing;
mod home;
mod original;
mod power;
mod sending;
mod setting_up;
mod status;
mod telling;
