//! PostgreSQL's answers to some thousand random calls and damaged literals, recorded by `tusklet-harness record`.

use tusklet_harness::differential::{Ours, recorded};

#[test]
fn recorded_calls_are_answered_as_postgresql_answers_them() {
    let cases = recorded();
    assert!(cases.len() > 5_000, "{} cases", cases.len());
    let statements: Vec<String> = cases.iter().map(|[_, sql, _]| sql.clone()).collect();
    let answers = Ours::new().ask(&statements).expect("the engine answers");
    let mut wrong = vec![];
    for ([what, sql, expected], answer) in cases.iter().zip(answers) {
        if answer.as_ref() != Some(expected) {
            wrong.push(format!("{what}\n  {sql}\n  PostgreSQL: {expected}\n  ours:       {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong[..wrong.len().min(20)].join("\n"));
}
