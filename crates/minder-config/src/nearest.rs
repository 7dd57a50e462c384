//! The known word that a misspelt one probably meant.

/// Words longer than this are not compared: the comparison is quadratic, and nobody misspells 64 letters by two.
const COMPARED_LETTERS_MAX: usize = 64;

/// The candidate with the fewest letters changed, if few enough are that the guess is worth showing: one for every three
/// letters of the longer word. Letter case does not count. The first of equally near candidates wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    if word.len() > COMPARED_LETTERS_MAX {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        let changed = distance(&word, &letters);
        let bearable = changed <= word.len().max(letters.len()) / 3;
        if bearable && best.is_none_or(|(least, _)| changed < least) {
            best = Some((changed, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters to insert, delete, replace, or swap with their neighbour, to turn one word into the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_word_finds_the_one_that_was_meant() {
        let known = ["autostart", "autorestart", "startsecs", "command"];
        assert_eq!(nearest("autostrat", known), Some("autostart"));
        assert_eq!(nearest("comand", known), Some("command"));
        assert_eq!(nearest("start_secs", known), Some("startsecs"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
    }
}
