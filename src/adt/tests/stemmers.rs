//! Every Snowball stemmer against PostgreSQL 15's `ts_lexize`.

use std::collections::HashMap;

use tusklet_adt::tsearch::snowball::{Stemmer, stop_words};

/// Language, word, stem; an empty stem for a stop word.
#[test]
fn stems_are_postgresql_s() {
    let path = std::env::var("STEMMERS").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stemmers.tsv").into());
    let table = std::fs::read_to_string(path).unwrap();
    let mut stemmers = HashMap::new();
    let mut wrong = vec![];
    for line in table.lines() {
        let [language, word, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let stemmer = stemmers.entry(language).or_insert_with(|| Stemmer::new(language).unwrap());
        let word = &*word.to_ascii_lowercase();
        let stop = stop_words(language).is_some_and(|s| s.lines().any(|l| l == word));
        let got = if stop { String::new() } else { stemmer.stem(word).unwrap().unwrap_or_else(|| word.to_owned()) };
        if got != expected {
            wrong.push(format!("{language} {word}: {expected}, here {got}"));
        }
    }
    assert!(stemmers.len() == 29);
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.lines().count(), wrong[..wrong.len().min(60)].join("\n"));
}
