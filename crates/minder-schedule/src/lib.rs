//! When something is due: calendars, time zones, the sun.
