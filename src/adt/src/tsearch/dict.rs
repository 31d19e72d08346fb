//! Dictionaries: what makes lexemes of a token, or finds it a stop word, or does not know it.

use std::rc::Rc;

use tusklet_error::{Result, SortShort, bail, err, filled};

use super::ispell::Ispell;
use super::snowball::{Stemmer, file, stop_words};
use super::thesaurus::{Followed, Thesaurus};

/// A lexeme a dictionary gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lexeme {
    /// The lexeme.
    pub text: String,
    /// Lexemes of one number belong together; different numbers are alternatives.
    pub variant: u16,
    /// It comes one position after the one before it.
    pub add_position: bool,
    /// It stands for all it is the beginning of.
    pub prefix: bool,
}

/// What a token becomes: `None` when the dictionary does not know it, no lexemes for a stop word.
pub type Lexemes = Option<Vec<Lexeme>>;

/// An option of a dictionary, as `CREATE TEXT SEARCH DICTIONARY` and `dictinitoption` give them.
#[derive(Clone, Debug, PartialEq)]
pub struct DictOption {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<String>,
    /// Whether the value was written as a number.
    pub number: bool,
}

impl DictOption {
    /// `defGetString`.
    pub fn string(&self) -> Result<&str> {
        self.value.as_deref().ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a parameter"; self.name))
    }

    /// `defGetBoolean`.
    pub fn boolean(&self) -> Result<bool> {
        let Some(v) = &self.value else { return Ok(true) };
        match v.to_ascii_lowercase().as_str() {
            "true" | "on" => Ok(true),
            "false" | "off" => Ok(false),
            "1" if self.number => Ok(true),
            "0" if self.number => Ok(false),
            _ => Err(err!(SYNTAX_ERROR, "{} requires a Boolean value"; self.name)),
        }
    }
}

/// The templates dictionaries are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Lower case and stop words.
    Simple,
    /// A word for another.
    Synonym,
    /// A dictionary of words and affixes.
    Ispell,
    /// Phrases for phrases.
    Thesaurus,
    /// Stems by rules.
    Snowball,
}

impl Template {
    /// By its name.
    pub fn named(name: &str) -> Option<Template> {
        Some(match name {
            "simple" => Template::Simple,
            "synonym" => Template::Synonym,
            "ispell" => Template::Ispell,
            "thesaurus" => Template::Thesaurus,
            "snowball" => Template::Snowball,
            _ => return None,
        })
    }
}

/// A dictionary, ready for use.
pub struct Dict {
    stop: Vec<String>,
    kind: Kind,
}

enum Kind {
    /// Whether to take what is no stop word.
    Simple(bool),
    /// Pairs sorted by the first; whether case counts.
    Synonym(Vec<(String, Lexeme)>, bool),
    Ispell(Ispell),
    Thesaurus(Thesaurus),
    Snowball(Stemmer),
}

/// Reads a file of `$SHAREDIR/tsearch_data`, one that PostgreSQL ships: there are no others here.
pub(crate) fn open(what: &str, name: &str, extension: &str) -> Result<&'static str> {
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        bail!(INVALID_PARAMETER_VALUE, "invalid text search configuration file name \"{}\""; name);
    }
    let found = if extension == "stop" { stop_words(name) } else { file(&filled!("{}.{}"; name, extension)) };
    found.ok_or_else(|| {
        err!(
            CONFIG_FILE_ERROR,
            "could not open {} file \"/usr/share/postgresql/15/tsearch_data/{}.{}\": No such file or directory";
            what,
            name,
            extension
        )
    })
}

/// Gives a parameter its value; twice is an error.
fn once<T>(place: &mut Option<T>, value: T, name: &str) -> Result<()> {
    if place.replace(value).is_some() {
        bail!(INVALID_PARAMETER_VALUE, "multiple {} parameters"; name);
    }
    Ok(())
}

fn needed<'a>(v: Option<&'a str>, name: &str) -> Result<&'a str> {
    v.ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "missing {} parameter"; name))
}

/// Finds the dictionary a thesaurus rests on, by its name.
pub type Find<'f> = dyn FnMut(&str) -> Result<Rc<Dict>> + 'f;

impl Dict {
    /// Makes one (the templates' init functions).
    pub fn new(template: Template, options: &[DictOption], find: &mut Find<'_>) -> Result<Dict> {
        let (mut stop, mut accept, mut language, mut words, mut affixes, mut other) = (None, None, None, None, None, None);
        let mut case = false;
        for o in options {
            match (template, o.name.as_str()) {
                (Template::Simple | Template::Ispell | Template::Snowball, "stopwords") => {
                    let name = o.string()?;
                    let list = if name.is_empty() { "" } else { open("stop-word", name, "stop")? };
                    once(&mut stop, list, "StopWords")?;
                }
                (Template::Simple, "accept") => once(&mut accept, o.boolean()?, "Accept")?,
                (Template::Snowball, "language") => {
                    let name = o.string()?;
                    let Some(stemmer) = Stemmer::new(&name.to_ascii_lowercase()) else {
                        bail!(
                            UNDEFINED_OBJECT,
                            "no Snowball stemmer available for language \"{}\" and encoding \"UTF8\"";
                            name
                        );
                    };
                    once(&mut language, stemmer, "Language")?;
                }
                (Template::Synonym, "synonyms") => words = Some(o.string()?),
                (Template::Synonym, "casesensitive") => case = o.boolean()?,
                (Template::Ispell, "dictfile") => {
                    once(&mut words, open("dictionary", o.string()?, "dict")?, "DictFile")?;
                }
                (Template::Ispell, "afffile") => once(&mut affixes, open("affix", o.string()?, "affix")?, "AffFile")?,
                (Template::Thesaurus, "dictfile") => once(&mut words, open("thesaurus", o.string()?, "ths")?, "DictFile")?,
                (Template::Thesaurus, "dictionary") => once(&mut other, o.string()?, "Dictionary")?,
                _ => {
                    let kind = match template {
                        Template::Simple => "simple dictionary",
                        Template::Synonym => "synonym",
                        Template::Ispell => "Ispell",
                        Template::Thesaurus => "Thesaurus",
                        Template::Snowball => "Snowball",
                    };
                    bail!(INVALID_PARAMETER_VALUE, "unrecognized {} parameter: \"{}\""; kind, o.name);
                }
            }
        }
        let kind = match template {
            Template::Simple => Kind::Simple(accept.unwrap_or(true)),
            Template::Synonym => Kind::Synonym(synonyms(open("synonym", needed(words, "Synonyms")?, "syn")?, case), case),
            Template::Ispell => {
                // The affixes are missed first.
                let affixes = needed(affixes, "AffFile")?;
                Kind::Ispell(Ispell::new(needed(words, "DictFile")?, affixes)?)
            }
            Template::Thesaurus => {
                let rules = needed(words, "DictFile")?;
                Kind::Thesaurus(Thesaurus::new(rules, find(needed(other, "Dictionary")?)?)?)
            }
            Template::Snowball => match language {
                Some(stemmer) => Kind::Snowball(stemmer),
                None => return Err(err!(INVALID_PARAMETER_VALUE, "missing Language parameter")),
            },
        };
        let mut stop: Vec<String> = stop.unwrap_or("").lines().map(str::to_ascii_lowercase).collect();
        stop.order();
        Ok(Dict { stop, kind })
    }

    fn is_stop(&self, word: &str) -> bool {
        self.stop.binary_search_by(|s| s.as_str().cmp(word)).is_ok()
    }

    /// Makes lexemes of a token. A dictionary of phrases needs `followed`, what it keeps from token to token.
    pub fn lexize(&self, token: &str, followed: Option<&mut Followed>) -> Result<Lexemes> {
        let lower = token.to_ascii_lowercase();
        let one = |text: String| Some(vec![Lexeme { text, ..Lexeme::default() }]);
        Ok(match &self.kind {
            Kind::Thesaurus(t) => return t.lexize(token, followed),
            Kind::Simple(_) if lower.is_empty() || self.is_stop(&lower) => Some(vec![]),
            Kind::Simple(accept) => one(lower).filter(|_| *accept),
            Kind::Synonym(pairs, case) => {
                let key = if *case { token } else { lower.as_str() };
                let found = pairs.binary_search_by(|p| p.0.as_str().cmp(key)).ok();
                found.and_then(|i| pairs.get(i)).map(|p| vec![p.1.clone()])
            }
            Kind::Ispell(_) if token.is_empty() => None,
            Kind::Ispell(d) => {
                let mut all = d.normalize(&lower)?;
                if let Some(all) = &mut all {
                    all.retain(|l| !self.is_stop(&l.text));
                }
                all
            }
            // What is that long is no word of a language.
            Kind::Snowball(_) if token.len() > 1000 => one(lower),
            Kind::Snowball(_) if lower.is_empty() || self.is_stop(&lower) => Some(vec![]),
            Kind::Snowball(s) => one(s.stem(&lower)?.unwrap_or(lower)),
        })
    }
}

/// The pairs of a synonym file: the first two words of each line; a `*` behind the second makes it a beginning.
fn synonyms(text: &str, case: bool) -> Vec<(String, Lexeme)> {
    let mut pairs = vec![];
    for line in text.lines() {
        let mut words = line.split(|c: char| c.is_ascii() && super::is_space(c as u8)).filter(|w| !w.is_empty());
        let (Some(from), Some(to)) = (words.next(), words.next()) else { continue };
        let fold = |s: &str| if case { s.to_owned() } else { s.to_ascii_lowercase() };
        let short = to.strip_suffix('*');
        let text = fold(short.unwrap_or(to));
        pairs.push((fold(from), Lexeme { text, prefix: short.is_some(), ..Lexeme::default() }));
    }
    pairs.order_by(|a, b| a.0.cmp(&b.0));
    pairs
}
