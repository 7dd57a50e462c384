//! Plays scenes: what is due when, and what it does to a board.

use std::collections::VecDeque;
use std::time::Duration;

use super::board::Board;
use super::scene::{Evenings, Pace, Scene};

/// Where scenes come from.
#[derive(Debug)]
pub enum Source {
    /// A script.
    Script(Vec<Scene>),
    /// Evenings without end.
    Random(Evenings),
    /// Nothing happens.
    Quiet,
}

/// What a scene does to the line, and not to the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToLine {
    /// Bytes that nobody sent.
    Noise(Vec<u8>),
    /// The board is pulled out.
    Unplug,
    /// It is plugged in again, and begins anew.
    Plug,
}

/// What is to happen.
#[derive(Debug)]
pub struct Player {
    source: Source,
    left: VecDeque<Scene>,
    /// When the next scene is due.
    due: Duration,
    /// Tokens that are held, and until when.
    held: Vec<(Duration, String, Vec<u8>)>,
    /// When the board is plugged in again.
    unplugged: Option<Duration>,
    noise: u64,
}

impl Player {
    /// One that has played nothing.
    #[must_use]
    pub fn new(source: Source) -> Self {
        let left = match &source {
            Source::Script(scenes) => scenes.iter().cloned().collect(),
            Source::Random(_) | Source::Quiet => VecDeque::new(),
        };
        Self { source, left, due: Duration::ZERO, held: Vec::new(), unplugged: None, noise: 0 }
    }

    /// When something is due, if anything is.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        let more = !self.left.is_empty() || matches!(self.source, Source::Random(_));
        let scene = (more && self.unplugged.is_none()).then_some(self.due);
        let held = self.held.iter().map(|(until, ..)| *until).min();
        [scene, held, self.unplugged].into_iter().flatten().min()
    }

    /// Plays what is due.
    pub fn play(&mut self, now: Duration, board: &mut Board) -> Vec<ToLine> {
        let mut to_line = Vec::new();
        if self.unplugged.is_some_and(|until| until <= now) {
            self.unplugged = None;
            board.reset();
            to_line.push(ToLine::Plug);
        }
        let (over, held) = std::mem::take(&mut self.held).into_iter().partition(|(until, ..)| *until <= now);
        self.held = held;
        let over: Vec<_> = over;
        over.iter().for_each(|(_, device, bytes)| board.token(device, bytes, 0));
        while self.due <= now && self.unplugged.is_none() {
            let Some(scene) = self.take() else { break };
            // Scenes follow one another by their own times, however late they are looked at.
            self.due = self.due.max(now.saturating_sub(Duration::from_secs(1)));
            self.perform(scene, board, &mut to_line);
        }
        to_line
    }

    fn take(&mut self) -> Option<Scene> {
        if self.left.is_empty()
            && let Source::Random(evenings) = &mut self.source
        {
            self.left.extend(evenings.scenes());
        }
        self.left.pop_front()
    }

    fn perform(&mut self, scene: Scene, board: &mut Board, to_line: &mut Vec<ToLine>) {
        match scene {
            Scene::Wait(time) => self.due += time,
            Scene::Pour { meter, ticks, time, pace } => {
                board.pour(&meter, ticks, time);
                match pace {
                    Pace::InTurn => self.due += time,
                    Pace::AtOnce => {}
                }
            }
            Scene::Token { device, bytes, held } => {
                board.token(&device, &bytes, 1);
                match held {
                    None => board.token(&device, &bytes, 0),
                    Some(time) => self.held.push((self.due + time, device, bytes)),
                }
            }
            Scene::Warm(sensor, degrees) => board.warm(&sensor, degrees),
            Scene::Jump(meter, ticks) => board.jump(&meter, ticks),
            Scene::Odometer(meter, ticks) => board.set_odometer(&meter, ticks),
            Scene::Noise(count) => {
                let bytes = (0..count).map(|_| self.noisy()).collect();
                to_line.push(ToLine::Noise(bytes));
            }
            Scene::Reset => board.reset(),
            Scene::Unplug(time) => {
                self.unplugged = Some(self.due + time);
                self.due += time;
                to_line.push(ToLine::Unplug);
            }
            Scene::Repeat => {
                if let Source::Script(scenes) = &self.source {
                    self.left = scenes.iter().cloned().collect();
                }
            }
        }
    }

    fn noisy(&mut self) -> u8 {
        self.noise =
            self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.noise.to_be_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::scene::read;

    #[test]
    fn scenes_happen_in_their_order_and_at_their_times() {
        let script =
            "token onewire 01 for 3s\npour flow0 100ticks in 2s\nunplug 4s\njump flow1 5\nwait 1s\nrepeat";
        let mut player = Player::new(Source::Script(read(script).unwrap()));
        let mut board = Board::new(10);
        board.said();
        let mut told = Vec::new();
        let mut now = Duration::ZERO;
        while let Some(next) = player.next().filter(|next| *next <= Duration::from_secs(8)) {
            board.pass(next - now);
            now = next;
            let to_line = player.play(now, &mut board);
            let messages = board.said().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            told.push((now.as_secs(), to_line, messages.contains("status=0")));
        }
        assert_eq!(
            told,
            [
                (0, vec![], false),
                (2, vec![ToLine::Unplug], false),
                (3, vec![], true),
                (6, vec![ToLine::Plug], false),
                (7, vec![], false)
            ]
        );
    }
}
