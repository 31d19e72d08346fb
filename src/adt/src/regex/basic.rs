//! POSIX: basic regular expressions as extended ones, and the names of characters.

/// A basic expression as an extended one that says the same; only `\\1` … `\\9` stay what they are in basic ones alone.
pub(super) fn extended(s: &[char], expanded: bool) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(s.len() + 8);
    let mut at = 0;
    // Whether nothing stands before what comes: at the beginning, and after `\\(`.
    let (mut start, mut empty) = (true, true);
    while let Some(&c) = s.get(at) {
        let next = s.get(at + 1).copied();
        at += 1;
        let (first, opened) = (start, empty);
        (start, empty) = (false, false);
        match (c, next) {
            (c, _) if expanded && crate::int::is_space(c) => (start, empty) = (first, opened),
            ('#', _) if expanded => {
                at = s[at..].iter().position(|c| *c == '\n').map_or(s.len(), |n| at + n);
                (start, empty) = (first, opened);
            }
            ('\\', Some(n)) => {
                at += 1;
                match n {
                    '(' => {
                        out.push('(');
                        empty = true;
                    }
                    ')' => out.push(')'),
                    '{' => at = bound(s, at, &mut out),
                    '<' | '>' => out.extend(['[', '[', ':', n, ':', ']', ']']),
                    _ => out.extend(['\\', n]),
                }
            }
            ('*', _) if !opened => out.push('*'),
            ('^', _) if first || opened => {
                out.push('^');
                empty = true;
            }
            ('$', next) if next.is_none() || next == Some('\\') && s.get(at + 1) == Some(&')') => out.push('$'),
            ('.', _) => out.push('.'),
            ('[', _) => at = bracket(s, at, &mut out),
            ('\\', None) => out.push('\\'),
            _ if c.is_alphanumeric() => out.push(c),
            _ => out.extend(['\\', c]),
        }
    }
    out
}

/// What follows `\\{`, up to where it ends; what is none becomes one that is refused.
fn bound(s: &[char], mut at: usize, out: &mut Vec<char>) -> usize {
    out.push('{');
    if !s.get(at).is_some_and(char::is_ascii_digit) {
        out.push('0');
    }
    while let Some(&c) = s.get(at) {
        at += 1;
        match c {
            '\\' if s.get(at) == Some(&'}') => {
                out.push('}');
                return at + 1;
            }
            '0'..='9' | ',' => out.push(c),
            _ => out.push('x'),
        }
    }
    at
}

/// A bracket expression as it is, up to where it ends.
fn bracket(s: &[char], mut at: usize, out: &mut Vec<char>) -> usize {
    out.push('[');
    if s.get(at) == Some(&'^') {
        out.push('^');
        at += 1;
    }
    let begin = at;
    while let Some(&c) = s.get(at) {
        out.push(c);
        at += 1;
        match (c, s.get(at)) {
            (']', _) if at > begin + 1 => break,
            ('[', Some(&kind @ ('.' | '=' | ':'))) => {
                let end = s[at + 1..].windows(2).position(|w| *w == [kind, ']']).map_or(s.len(), |n| at + n + 3);
                out.extend(&s[at..end]);
                at = end;
            }
            _ => {}
        }
    }
    at
}

/// The characters from 0 on by POSIX's names, several where there are several.
const NAMES: &str = "NUL SOH STX ETX EOT ENQ ACK BEL,alert BS,backspace HT,tab LF,newline VT,vertical-tab FF,form-feed CR,carriage-return SO SI \
    DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4,FS IS3,GS IS2,RS IS1,US space exclamation-mark quotation-mark number-sign \
    dollar-sign percent-sign ampersand apostrophe left-parenthesis right-parenthesis asterisk plus-sign comma hyphen,hyphen-minus \
    period,full-stop slash,solidus zero one two three four five six seven eight nine colon semicolon less-than-sign equals-sign \
    greater-than-sign question-mark commercial-at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z left-square-bracket \
    backslash,reverse-solidus right-square-bracket circumflex,circumflex-accent underscore,low-line grave-accent \
    a b c d e f g h i j k l m n o p q r s t u v w x y z left-brace,left-curly-bracket vertical-line right-brace,right-curly-bracket \
    tilde DEL";

/// The character of a name.
pub(super) fn named(name: &str) -> Option<char> {
    let at = NAMES.split_ascii_whitespace().position(|n| n.split(',').any(|n| n == name))?;
    Some(char::from(at as u8))
}
