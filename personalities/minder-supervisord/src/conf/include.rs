//! The patterns of `[include] files`: the shell's `*`, `?` and `[…]`, as Python's `glob` matches them.

use super::paths::{directory_of, join, name_of};

/// What matching asks of a disk.
pub trait Directories {
    /// The names in a directory, without `.` and `..`, in any order; none if it cannot be read.
    fn entries(&self, directory: &str) -> Vec<String>;
    /// Whether anything is at the path, be it a link to nowhere.
    fn link_exists(&self, path: &str) -> bool;
    /// Whether a directory is at the path, links followed.
    fn is_directory(&self, path: &str) -> bool;
}

/// The paths that match, sorted by their characters. `**` is no more than `*`. A leading dot is matched only by a dot.
#[must_use]
pub fn glob(pattern: &str, disk: &dyn Directories) -> Vec<String> {
    let mut paths = matches(pattern, disk, Wanted::Anything);
    paths.sort_unstable();
    paths
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    Directories,
}

fn matches(pattern: &str, disk: &dyn Directories, wanted: Wanted) -> Vec<String> {
    let (directory, name) = (directory_of(pattern), name_of(pattern));
    if !has_magic(pattern) {
        let there = if name.is_empty() { disk.is_directory(directory) } else { disk.link_exists(pattern) };
        return if there { vec![pattern.to_owned()] } else { Vec::new() };
    }
    let directories = if directory != pattern && has_magic(directory) {
        matches(directory, disk, Wanted::Directories)
    } else {
        vec![directory.to_owned()]
    };
    let mut found = Vec::new();
    for directory in directories {
        if !has_magic(name) {
            let path = join(&directory, name);
            let there = if name.is_empty() { disk.is_directory(&directory) } else { disk.link_exists(&path) };
            found.extend(there.then_some(path));
            continue;
        }
        let listed = if directory.is_empty() { "." } else { &directory };
        for entry in disk.entries(listed) {
            let path = join(&directory, &entry);
            let hidden = entry.starts_with('.') && !name.starts_with('.');
            if !hidden && fits(name, &entry) && (wanted == Wanted::Anything || disk.is_directory(&path)) {
                found.push(path);
            }
        }
    }
    found
}

fn has_magic(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// Whether a name fits a pattern as a whole. One star is remembered at a time, which is enough and keeps the time bounded by
/// the product of both lengths.
fn fits(pattern: &str, name: &str) -> bool {
    let pattern = tokens(pattern);
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(Token::Star) => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(token) if token.fits(name[n]) => {
                p += 1;
                n += 1;
                continue;
            }
            Some(_) | None => {}
        }
        let Some((star_at, from)) = star else { return false };
        star = Some((star_at, from + 1));
        (p, n) = (star_at + 1, from + 1);
    }
    pattern[p..].iter().all(|token| matches!(token, Token::Star))
}

enum Token {
    Star,
    Any,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::Char(own) => *own == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        at += 1;
        tokens.push(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => match class(&chars, at) {
                Some((token, behind)) => {
                    at = behind;
                    token
                }
                None => Token::Char('['),
            },
            c => Token::Char(c),
        });
    }
    tokens
}

/// The class that begins at `start`, behind its bracket, and the index behind its end; `None` if it has no end.
fn class(chars: &[char], start: usize) -> Option<(Token, usize)> {
    let negated = chars.get(start) == Some(&'!');
    let first = start + usize::from(negated);
    // A closing bracket right at the start is a member.
    let search = first + usize::from(chars.get(first) == Some(&']'));
    let end = search + chars.get(search..)?.iter().position(|c| *c == ']')?;
    let members = &chars[first..end];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < members.len() {
        if at + 2 < members.len() && members[at + 1] == '-' {
            ranges.push((members[at], members[at + 2]));
            at += 3;
        } else {
            ranges.push((members[at], members[at]));
            at += 1;
        }
    }
    Some((Token::Class { negated, ranges }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf~", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]", "]", true),
            ("[ab", "[ab", true),
            ("*a*b*c", "xxaxxbxxbxc", true),
            ("[c-a]", "b", false),
            ("[a-]", "-", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
