use super::*;

#[test]
fn deep_paths_are_refused() {
    for text in ["(".repeat(100_000), format!("$ + {}1", "-".repeat(100_000)), format!("1{}", " + 1".repeat(100_000))] {
        assert!(parse(&text).is_err());
    }
    assert!(parse(&format!("${}", ".a".repeat(100_000))).is_err());
}
