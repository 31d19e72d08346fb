//! The default parser: text into tokens (PostgreSQL's `wparser_def.c`).
//!
//! A machine with states and a stack. In each state rules are tried in order; the first whose test holds for the character at
//! the cursor says what to do. A guess (this may become a host name) pushes a copy of the position; when it fails the position
//! is popped and the rules go on behind the one that pushed.
//!
//! Letters are those of ASCII and everything beyond it, as in a database of the C locale.

/// Names and descriptions of the token types, from 1 on.
pub const TYPES: [(&str, &str); 23] = [
    ("asciiword", "Word, all ASCII"),
    ("word", "Word, all letters"),
    ("numword", "Word, letters and digits"),
    ("email", "Email address"),
    ("url", "URL"),
    ("host", "Host"),
    ("sfloat", "Scientific notation"),
    ("version", "Version number"),
    ("hword_numpart", "Hyphenated word part, letters and digits"),
    ("hword_part", "Hyphenated word part, all letters"),
    ("hword_asciipart", "Hyphenated word part, all ASCII"),
    ("blank", "Space symbols"),
    ("tag", "XML tag"),
    ("protocol", "Protocol head"),
    ("numhword", "Hyphenated word, letters and digits"),
    ("asciihword", "Hyphenated word, all ASCII"),
    ("hword", "Hyphenated word, all letters"),
    ("url_path", "URL path"),
    ("file", "File or path name"),
    ("float", "Decimal notation"),
    ("int", "Signed integer"),
    ("uint", "Unsigned integer"),
    ("entity", "XML entity"),
];

/// The number of a token type.
pub fn type_named(name: &str) -> Option<u8> {
    TYPES.iter().position(|t| t.0 == name).map(|i| i as u8 + 1)
}

/// Rules by state, five characters each: test, action, next state (blank: the same), token type (`A` is 1), special.
///
/// Tests: `Z` end, `L` ASCII letter, `A` letter, `N` digit, `W` letter or digit, `O` neither, `H` hexadecimal digit, `B` space, `U`
/// character of an URL, `T` a host follows, `P` the path of an URL follows, `Q` stop at a host, `I` inside a script or style, `*`
/// always; others stand for themselves. Actions: `.` go on, `!` a token ends, `a` and all guesses were right, `b` and the last
/// guess was right, `<` a guess was wrong, `>` guess, `c` the guess was right, `m` right and go on there, `r` look again.
const RULES: [&str; 77] = [
    r"Z.   <>J  I.7  L.2  A.3  N.4  ->5  +>5  &>C  ~>c  />b  .>e  *.7  ", // 0 Base
    r"Z!0C W.1  @>a  />b  .>h  ->t  *!0C ", // 1 NumWord
    r"Z!0A L.   .>Z  .>h  ->_  ->p  _>_  @>a  :>m  />b  N>`  N.1  A.3  *!0A ", // 2 AsciiWord
    r"Z!0B A.   N.1  ->r  *!0B ", // 3 Word
    r"Z!0V N.   .>Z  .>8  e>@  E>@  ->_  _>_  @>a  L>`  A.1  />b  *!0V ", // 4 UnsignedInt
    r"Z<   Nc6  *<   ", // 5 SignedIntFirst
    r"Z!0U N.   .>:  e>@  E>@  *!0U ", // 6 SignedInt
    r"Z!0L <!0L I.   -!0L +!0L &!0L /!0L O.7  *!0L ", // 7 Space
    r"Z<   Nc9  *<   ", // 8 UDecimalFirst
    r"Z!0T N.9  .>>  e>@  E>@  *!0T ", // 9 UDecimal
    r"Z<   Nc;  *<   ", // : DecimalFirst
    r"Z!0T N.;  .><  e>@  E>@  *!0T ", // ; Decimal
    r"Z<   Nr= v*<   ", // < VerVersion
    r"Z<   Na4L *.   ", // = SVerVersion
    r"Z<   Nc?  *<   ", // > VersionFirst
    r"Z!0H N.?  .>>  *!0H ", // ? Version
    r"Z<   NcB  +.A  -.A  *<   ", // @ MantissaFirst
    r"Z<   NcB  *<   ", // A MantissaSign
    r"Z!0G N.B  *!0G ", // B Mantissa
    r"Z<   #.E  L.D  :.D  _.D  *<   ", // C XMLEntityFirst
    r"Z<   W.D  :.D  _.D  ..D  -.D  ;.I  *<   ", // D XMLEntity
    r"Z<   x.G  X.G  N.F  *<   ", // E XMLEntityNumFirst
    r"Z<   N.F  ;.I  *<   ", // F XMLEntityNum
    r"Z<   H.H  *<   ", // G XMLEntityHexNumFirst
    r"Z<   H.H  ;.I  *<   ", // H XMLEntityHexNum
    r"*b0W ", // I XMLEntityEnd
    r"Z<   />L  !>T  ?>K  L>M  :>M  _>M  *<   ", // J TagFirst
    r"Z<   x.O  *<   ", // K XMLBegin
    r"Z<   L.M  *<   ", // L TagCloseFirst
    r"Z<   /.N  >.S tB.O tW.   :.   _.   ..   -.   *<   ", // M TagName
    r"Z<   >.S  *<   ", // N TagBeginEnd
    r#"Z<   >.S t'.P  ".Q  L.   N.   =.   -.   _.   #.   /.   :.   ..   &.   ?.   %.   ~.   B.  t*<   "#, // O Tag
    r"Z<   \>R  '.O  *.P  ", // P TagEscapeK
    r#"Z<   \>R  ".O  *.Q  "#, // Q TagEscapeKK
    r"Z<   *m   ", // R TagBackSleshed
    r"*a0M ", // S TagEnd
    r"Z<   -.U  D.O  d.O  *<   ", // T CommentFirst
    r"Z<   -.V  *<   ", // U CommentLast
    r"Z<   -.W  *.   ", // V Comment
    r"Z<   -.X  *.V  ", // W CloseCommentFirst
    r"Z<   -.   >.Y  *.V  ", // X CloseCommentLast
    r"*a0M ", // Y CommentEnd
    r"Z<   L.[  N.`  *<   ", // Z HostFirstDomain
    r"Z<   L.\  N>`  ->_  _>_  .>Z  @>a  *<   ", // [ HostDomainSecond
    r"Za0F L.\  N>`  :>]  ->_  _>_  .>Z  @>a  N<   QajF />l  *a0F ", // \ HostDomain
    r"Z<   N.^  *<   ", // ] PortFirst
    r"Za0F N.^  QajF />l  *a0F ", // ^ Port
    r"Z<   N.`  L.`  *<   ", // _ HostFirstAN
    r"Z<   N.`  L.`  @>a  .>Z  ->_  _>_  *<   ", // ` Host
    r"Q<   Ta0D *<   ", // a Email
    r"Z<   L.g  N.g  ..d  _.g  ~>c  *<   ", // b FileFirst
    r"Z<   L.g  N.g  _.g  /.b  *<   ", // c FileTwiddle
    r"Z<   L.g  N.g  _.g  ..f  /.b  *<   ", // d PathFirst
    r"Z<   ..f  /.b  *<   ", // e PathFirstFirst
    r"Zb0S />b  /b0S Bb0S *<   ", // f PathSecond
    r"Z!0S L.g  N.g  .>h  _.g  -.g  />b  *!0S ", // g File
    r"Z<   Lcg  Ncg  _cg  *<   ", // h FileNext
    r"Z<   U.k  *<   ", // i URLPathFirst
    r"*.k  ", // j URLPathStart
    r"Z!0R U.k  *!0R ", // k URLPath
    r"Z<   Pa0Ef*<   ", // l FURL
    r"Z<   /.n  *<   ", // m ProtocolFirst
    r"Z<   /.o  *<   ", // n ProtocolSecond
    r"*a0N ", // o ProtocolEnd
    r"Z<   L.q  A.s  N.v  *<   ", // p HyphenAsciiWordFirst
    r"ZawPhL.q  A.s  N.u  ->p  *awPh", // q HyphenAsciiWord
    r"Z<   A.s  N.v  *<   ", // r HyphenWordFirst
    r"ZawQhA.s  N.u  ->r  *awQh", // s HyphenWord
    r"Z<   A.u  N.v  *<   ", // t HyphenNumWordFirst
    r"ZawOhW.u  ->t  *awOh", // u HyphenNumWord
    r"Z<   N.v  A.u  *<   ", // v HyphenDigitLookahead
    r"Zr0  L.z  A.y  N>|  ->x  *r0  ", // w ParseHyphen
    r"Z<   WbwL *<   ", // x ParseHyphenHyphen
    r"Z!0J A.y  N.{  *!wJ ", // y HyphenWordPart
    r"Z!0K L.z  A.y  N.{  *!wK ", // z HyphenAsciiWordPart
    r"Z!0I W.{  *!wI ", // { HyphenNumWordPart
    r"Z<   N.   Ac{  *<   ", // | HyphenUnsignedInt
];

const HOST: u8 = 6;
const URL_PATH: u8 = 18;
/// The state of the beginning of an URL's path.
const URL_PATH_FIRST: u8 = b'i' - b'0';

#[derive(Clone, Copy)]
struct Position {
    at: usize,
    char_len: usize,
    /// Bytes of the token so far.
    len: usize,
    state: u8,
    /// The rule to go on with after a wrong guess.
    resume: usize,
}

/// A run over a text.
pub struct Parser<'a> {
    text: &'a str,
    stack: Vec<Position>,
    here: Position,
    /// Inside a script or style element.
    ignore: bool,
    want_host: bool,
    start: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Begins.
    pub fn new(text: &'a str) -> Parser<'a> {
        let here = Position { at: 0, char_len: 0, len: 0, state: 0, resume: 0 };
        Parser { text, stack: vec![], here, ignore: false, want_host: false, start: 0, depth: 0 }
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.here.at).copied().unwrap_or(0)
    }

    /// Whether, from here, another parser begins with such a token; it is then taken up.
    fn ahead(&mut self, wanted: u8) -> bool {
        // Guesses inside guesses: PostgreSQL would run out of stack.
        if self.depth > 400 {
            return false;
        }
        let Some(rest) = self.text.get(self.here.at..) else { return false };
        let mut other = Parser::new(rest);
        other.depth = self.depth + 1;
        if wanted == HOST {
            other.want_host = true;
        } else {
            other.stack.push(other.here);
            other.here.state = URL_PATH_FIRST;
        }
        match other.next_token() {
            Some((t, s)) if t == wanted => {
                self.here.at += s.len();
                self.here.len += s.len();
                self.here.char_len = other.here.char_len;
                true
            }
            _ => false,
        }
    }

    fn test(&mut self, test: u8) -> bool {
        let c = self.byte();
        let end = self.here.char_len == 0;
        let wide = c >= 0x80;
        match test {
            b'Z' => end,
            b'L' => c.is_ascii_alphabetic(),
            b'A' => wide || c.is_ascii_alphabetic(),
            b'N' => c.is_ascii_digit(),
            b'W' => wide || c.is_ascii_alphanumeric(),
            b'O' => !(wide || c.is_ascii_alphanumeric()),
            b'H' => c.is_ascii_hexdigit(),
            b'B' => super::is_space(c),
            b'U' => c.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&c),
            b'T' => self.ahead(HOST),
            b'P' => self.ahead(URL_PATH),
            b'Q' => std::mem::take(&mut self.want_host),
            b'I' => self.ignore,
            b'*' => true,
            _ => !end && c == test,
        }
    }

    fn special(&mut self, what: u8) {
        let len = self.here.len;
        match what {
            b't' => {
                let tag = self.text.get(self.start..self.start + len).unwrap_or("");
                let is = |s: &str| tag.eq_ignore_ascii_case(s);
                if is("</script") || is("</style") {
                    self.ignore = false;
                } else if is("<script") || is("<style") {
                    self.ignore = true;
                }
            }
            b'f' | b'h' | b'v' => {
                self.want_host |= what == b'f';
                self.here.at -= len.min(self.here.at);
                if what == b'v' {
                    self.here.len = 0;
                }
            }
            _ => {}
        }
    }

    /// The next token: its type and text.
    pub fn next_token(&mut self) -> Option<(u8, &'a str)> {
        if self.here.at >= self.text.len() {
            return None;
        }
        self.start = self.here.at;
        self.here.resume = 0;
        while self.here.at <= self.text.len() {
            self.here.char_len = self.text.get(self.here.at..).and_then(|s| s.chars().next()).map_or(0, char::len_utf8);
            let rules = RULES.get(usize::from(self.here.state)).map_or(&[][..], |r| r.as_bytes());
            let mut i = std::mem::take(&mut self.here.resume);
            let [_, action, next, kind, special] = loop {
                // The last rule of every state always holds.
                let &[test, ..] = rules.get(5 * i..5 * i + 5)? else { return None };
                if self.test(test) {
                    break <[u8; 5]>::try_from(rules.get(5 * i..5 * i + 5)?).ok()?;
                }
                i += 1;
            };
            self.special(special);
            let found = matches!(action, b'!' | b'a' | b'b');
            let len = self.here.len;
            if found {
                self.here.len = 0;
            }
            match action {
                b'<' => self.here = self.stack.pop()?,
                b'>' => self.stack.push(Position { resume: i + 1, ..self.here }),
                b'c' | b'b' => {
                    self.stack.pop();
                }
                b'a' => self.stack.clear(),
                b'm' => {
                    let below = self.stack.pop()?;
                    self.here = Position { state: below.state, resume: below.resume, ..self.here };
                }
                _ => {}
            }
            if next != b' ' {
                self.here.state = next - b'0';
            }
            if found {
                return Some((kind - b'@', self.text.get(self.start..self.start + len)?));
            }
            if self.here.at >= self.text.len() && action != b'r' {
                return None;
            }
            if matches!(action, b'r' | b'<') {
                continue;
            }
            self.here.at += self.here.char_len;
            self.here.len += self.here.char_len;
        }
        None
    }
}
