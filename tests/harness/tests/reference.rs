//! The reference: every example is answered as PostgreSQL answers it, nothing that can be called is left out, the site's data is true.

use tusklet_harness::reference::{answers, data, source, target};

#[test]
fn every_example_is_answered_as_postgresql_answers_it() {
    let wrong = answers::differences().expect("the engine answers");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_entry_is_told_of_with_an_example() {
    for chapter in source::chapters().expect("the files can be read") {
        for entry in chapter.groups.iter().flat_map(|g| &g.entries) {
            let named: Vec<&source::Key> = entry.keys.iter().filter(|k| !matches!(k, source::Key::Syntax(_))).collect();
            assert!(!entry.prose.is_empty() && !entry.examples.is_empty(), "{}: {:?}", chapter.file, entry.keys);
            let all: String = entry.examples.iter().map(|e| e.sql.as_str()).collect::<Vec<_>>().join("\n");
            for key in named {
                // Functions behind syntax are used by the syntax.
                let used = match key {
                    source::Key::Name(n) => entry.keys.len() > named_only(entry) || all.contains(n.as_str()),
                    _ => true,
                };
                assert!(used, "{}: no example of {key:?}", chapter.file);
            }
        }
    }
}

fn named_only(entry: &source::Entry) -> usize {
    entry.keys.iter().filter(|k| !matches!(k, source::Key::Syntax(_))).count()
}

#[test]
fn what_can_be_called_has_an_entry_or_a_reason() {
    let chapters = source::chapters().expect("the files can be read");
    let untold = data::Facts::ask(&chapters).and_then(|mut f| f.untold(&chapters)).expect("every key is something");
    let reasons = data::reasons().expect("untold.tsv");
    let fits =
        |reason: &str, name: &str| reason.strip_suffix('*').map_or(reason == name, |start| name.starts_with(start));
    let without: Vec<&String> = untold.iter().filter(|n| !reasons.keys().any(|r| fits(r, n))).collect();
    let stale: Vec<&String> = reasons.keys().filter(|r| !untold.iter().any(|n| fits(r, n))).collect();
    assert!(without.is_empty(), "no entry in tests/reference, no reason in untold.tsv: {without:?}");
    assert!(stale.is_empty(), "in untold.tsv without need: {stale:?}");
}

#[test]
fn the_sites_data_is_what_the_engine_says() {
    let kept = std::fs::read_to_string(target()).unwrap_or_default();
    let now = data::text().expect("the engine answers");
    assert!(
        kept == now,
        "www/data/reference.json is of another engine: `cargo run -p tusklet-harness -- reference` writes it"
    );
}
