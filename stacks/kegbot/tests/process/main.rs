//! The programs themselves: they are started as people start them, and seen from outside.

mod bar;
mod command_lines;
mod example;
mod faults;
mod kegnet;
mod launcher;
mod peers;
mod pours;
mod web;
