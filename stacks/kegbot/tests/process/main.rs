//! The programs themselves: they are started as people start them, and seen from outside.

mod bar;
mod command_lines;
mod faults;
mod kegnet;
mod peers;
mod pours;
mod web;
