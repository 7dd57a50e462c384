//! Shell patterns on names: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`. Case counts.

/// Whether the whole name matches the pattern: Python's `fnmatchcase`. The time is at most the product of both lengths.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let tokens = tokens(pattern);
    let name: Vec<char> = name.chars().collect();
    let (mut token, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, at));
                token += 1;
            }
            Some(other) if other.takes(name[at]) => {
                token += 1;
                at += 1;
            }
            _ => match star {
                // The last star takes one character more.
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    token = after + 1;
                    at = taken + 1;
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| matches!(token, Token::Any))
}

enum Token {
    Any,
    One,
    Letter(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Letter(letter) => *letter == c,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        at += 1;
        match letter {
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::One),
            '[' => match set(&letters[at..]) {
                Some((token, length)) => {
                    tokens.push(token);
                    at += length;
                }
                None => tokens.push(Token::Letter('[')),
            },
            letter => tokens.push(Token::Letter(*letter)),
        }
    }
    tokens
}

/// The set that begins behind a bracket, and how many characters it has with the closing one. A bracket that is the first of
/// a set is a member of it.
fn set(letters: &[char]) -> Option<(Token, usize)> {
    let negated = letters.first() == Some(&'!');
    let from = usize::from(negated);
    let close = from + 1 + letters.get(from + 1..)?.iter().position(|c| *c == ']')?;
    let members = &letters[from..close];
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(low) = members.get(at) {
        match (members.get(at + 1), members.get(at + 2)) {
            (Some('-'), Some(high)) => {
                ranges.push((*low, *high));
                at += 3;
            }
            _ => {
                ranges.push((*low, *low));
                at += 1;
            }
        }
    }
    Some((Token::Set { negated, ranges }, close + 1))
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_a_shells_do() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("web*", "web-1", true),
            ("web*", "Web-1", false),
            ("w?b", "web", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[x", "[x", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in r"[\]\[*?!a-c-]{0,12}", name in "[a-c]{0,8}") {
            let _ = matches(&pattern, &name);
        }
    }
}
