//! Every zone against PostgreSQL 15: weighted sums of its offsets at 2601 instants between 1840 and 2105, in both directions.

use tusklet_adt::timezone::{TimeZone, zone_names};

#[test]
fn offsets_of_all_zones() {
    let mut seen = 0;
    for line in include_str!("data/zones.tsv").lines() {
        let mut cells = line.split('\t');
        let name = cells.next().unwrap();
        let want: Vec<i64> = cells.map(|c| c.parse().unwrap()).collect();
        let zone = TimeZone::named(name).unwrap_or_else(|| panic!("no zone {name}"));
        let (mut from_utc, mut from_local) = (0, 0);
        for i in 0..=2600i64 {
            // 1840-01-03 00:13:00 and steps of 37 days 05:13:07.
            let t = -4_102_271_220 + i * (37 * 86400 + 5 * 3600 + 13 * 60 + 7);
            from_utc += i64::from(zone.at(t).offset) * (i + 1);
            from_local += i64::from(zone.at_local(t).offset) * (i + 1);
        }
        assert_eq!([from_utc, from_local], want[..], "{name}");
        assert_eq!(zone.name(), name);
        seen += 1;
    }
    // `localtime` and `posixrules` are the machine's.
    assert_eq!(seen + 2, zone_names().count());
}
