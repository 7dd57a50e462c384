//! What somebody may have meant: similar words, as Python's difflib finds them.

/// No more than this many are told.
const MOST: usize = 3;
/// How similar, of 1.
const CUTOFF: f64 = 0.6;

/// Those of the words that are similar to what was written, in the order of the alphabet.
pub(super) fn close_matches<'a>(written: &str, words: &[&'a str]) -> Vec<&'a str> {
    let mut scored: Vec<(f64, &str)> = words.iter().map(|word| (ratio(word, written), *word)).collect();
    scored.retain(|(score, _)| *score >= CUTOFF);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| other.1.cmp(one.1)));
    let mut close: Vec<&str> = scored.into_iter().take(MOST).map(|(_, word)| word).collect();
    close.sort_unstable();
    close
}

/// Twice the letters in common, of all letters.
fn ratio(one: &str, other: &str) -> f64 {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let count = one.len() + other.len();
    if count == 0 {
        return 1.0;
    }
    let common = u32::try_from(matching(&one, &other)).unwrap_or(u32::MAX);
    2.0 * f64::from(common) / f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The letters of the longest block in common, and of those to its left and to its right.
fn matching(one: &[char], other: &[char]) -> usize {
    let (mut best, mut at, mut in_other) = (0, 0, 0);
    for start in 0..one.len() {
        for other_start in 0..other.len() {
            let pairs = one[start..].iter().zip(&other[other_start..]);
            let length = pairs.take_while(|(left, right)| left == right).count();
            if length > best {
                (best, at, in_other) = (length, start, other_start);
            }
        }
    }
    if best == 0 {
        return 0;
    }
    best + matching(&one[..at], &other[..in_other]) + matching(&one[at + best..], &other[in_other + best..])
}

#[cfg(test)]
mod tests {
    use super::close_matches;

    #[test]
    fn similar_words_are_found() {
        let words = ["--name", "--latitude", "--longitude", "--check", "--no-check", "--help"];
        assert_eq!(close_matches("--lat", &words), ["--latitude"]);
        assert_eq!(close_matches("--latitud", &words), ["--latitude", "--longitude"]);
        assert!(close_matches("--prog", &["--help"]).is_empty());
    }
}
