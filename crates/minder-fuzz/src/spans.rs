//! Places in texts.

use minder_config::{Paint, Problem, Sources, Span, render_json, render_text};

/// Every place lies in its text, and what is said of it can be shown.
pub(crate) fn check<'a>(problems: impl IntoIterator<Item = &'a Problem>, sources: &Sources) {
    for problem in problems {
        let notes = problem.notes.iter().filter_map(|note| note.at);
        problem.at.into_iter().chain(notes).for_each(|span| lies_in(span, sources));
        let _ = render_text(problem, sources, Paint::Plain);
        let _ = render_json(problem, sources);
    }
}

/// The span begins and ends in its file, in this order.
pub(crate) fn lies_in(span: Span, sources: &Sources) {
    let length = sources.bytes(span.file).len();
    assert!(span.start <= span.end && span.end <= length, "{span:?} in a file of {length} bytes");
}
