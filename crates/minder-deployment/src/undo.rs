//! What was done, so that it can be undone when the rest cannot be done.

use std::fmt;

/// What was done so far, in its order. When it is dropped, what was done stays.
#[derive(Default)]
pub struct Undo {
    done: Vec<Deed>,
}

/// Something that was done, and how it is undone.
struct Deed {
    what: String,
    how: Box<dyn FnOnce() -> Result<(), String>>,
}

/// What came of undoing one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undone {
    /// What was undone, as in "disabled a.service".
    pub what: String,
    /// Why it could not be, for a person.
    pub result: Result<(), String>,
}

impl Undo {
    /// Nothing was done yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes something that was done. `what` says what undoing it does, in the past tense.
    pub fn note(&mut self, what: impl Into<String>, how: impl FnOnce() -> Result<(), String> + 'static) {
        self.done.push(Deed { what: what.into(), how: Box::new(how) });
    }

    /// Notes all that another one has noted, behind what was noted here.
    pub fn extend(&mut self, other: Self) {
        self.done.extend(other.done);
    }

    /// Undoes everything, the last first; one thing that cannot be undone keeps none of the others.
    pub fn undo(self) -> Vec<Undone> {
        self.done.into_iter().rev().map(|deed| Undone { what: deed.what, result: (deed.how)() }).collect()
    }
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.done.iter().map(|deed| &deed.what)).finish()
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Ok(()) => f.write_str(&self.what),
            Err(why) => write!(f, "not {}: {why}", self.what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Undo;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn what_was_done_is_undone_backwards_even_when_a_part_cannot_be() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let mut undo = Undo::new();
        for (what, result) in [("a", Ok(())), ("b", Err("no".to_owned())), ("c", Ok(()))] {
            let seen = Rc::clone(&seen);
            undo.note(what, move || {
                seen.borrow_mut().push(what);
                result
            });
        }
        let undone: Vec<String> = undo.undo().iter().map(ToString::to_string).collect();
        assert_eq!(*seen.borrow(), ["c", "b", "a"]);
        assert_eq!(undone, ["c", "not b: no", "a"]);
    }
}
