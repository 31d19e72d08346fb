//! What turns the rows of one zone into other rows: statements on the table `records`, values as parameters.

use tusklet_error::SortedMap;

use crate::Record;

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// `records.id`.
    pub id: i64,
    /// The other columns.
    pub record: Record,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// SQL NULL.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// A boolean.
    Bool(bool),
}

/// One statement; `$1` is the first parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// With `$n` for values.
    pub sql: String,
    /// The values in order.
    pub params: Vec<Param>,
}

const INSERT: &str = "INSERT INTO records (domain_id, name, type, content, ttl, prio, disabled, auth) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, true)";

/// Deletes, then updates, then inserts. A row is kept when one of the new records says the same; it is updated when one
/// has its name, type and content, or else its name and type; the others are new.
pub fn diff(domain_id: i64, before: &[Stored], after: &[Record]) -> Vec<Statement> {
    let mut rows: Vec<Option<&Stored>> = before.iter().map(Some).collect();
    let mut left: Vec<&Record> = after.iter().collect();
    let mut updates = Vec::new();
    // From the strictest likeness to the loosest; what is matched is out of the next rounds.
    for round in 0..3 {
        let key = |r: &Record| {
            let said = (round < 2).then(|| (r.content.clone(), r.prio.unwrap_or(0)));
            (r.name.clone(), r.rtype.clone(), said, (round == 0).then_some((r.ttl, r.disabled)))
        };
        let open = rows.iter().enumerate().rev();
        let mut by_key = SortedMap::grouped(open.filter_map(|(i, row)| Some((key(&(*row)?.record), i))).collect());
        left.retain(|record| {
            let Some(i) = by_key.get_mut(&key(record)).and_then(Vec::pop) else { return true };
            let Some(row) = rows.get_mut(i).and_then(Option::take) else { return true };
            updates.extend(update(row, record));
            false
        });
    }
    let deletes = rows
        .into_iter()
        .flatten()
        .map(|row| Statement { sql: "DELETE FROM records WHERE id = $1".into(), params: vec![Param::Int(row.id)] });
    let inserts = left.into_iter().map(|r| {
        let text = |s: &str| Param::Text(s.into());
        let mut params = vec![Param::Int(domain_id), text(&r.name), text(&r.rtype), text(&r.content)];
        params.extend([int(r.ttl), int(r.prio), Param::Bool(r.disabled)]);
        Statement { sql: INSERT.into(), params }
    });
    deletes.chain(updates).chain(inserts).collect()
}

fn int(n: Option<i64>) -> Param {
    n.map_or(Param::Null, Param::Int)
}

/// The columns that change, in the table's order; no priority is priority 0.
fn update(row: &Stored, to: &Record) -> Option<Statement> {
    let from = &row.record;
    let columns = [
        ("content", from.content != to.content, Param::Text(to.content.clone())),
        ("ttl", from.ttl != to.ttl, int(to.ttl)),
        ("prio", from.prio.unwrap_or(0) != to.prio.unwrap_or(0), int(to.prio)),
        ("disabled", from.disabled != to.disabled, Param::Bool(to.disabled)),
    ];
    let (mut set, mut params) = (Vec::new(), Vec::new());
    for (column, changed, value) in columns {
        if changed {
            params.push(value);
            set.push(format!("{column} = ${}", params.len()));
        }
    }
    if set.is_empty() {
        return None;
    }
    params.push(Param::Int(row.id));
    Some(Statement { sql: format!("UPDATE records SET {} WHERE id = ${}", set.join(", "), params.len()), params })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, content: &str, ttl: i64) -> Record {
        Record {
            name: name.into(),
            rtype: "A".into(),
            ttl: Some(ttl),
            prio: None,
            content: content.into(),
            disabled: false,
        }
    }

    #[test]
    fn the_fewest_statements_come_out() {
        let before: Vec<Stored> =
            [record("a", "192.0.2.1", 60), record("b", "192.0.2.2", 60), record("c", "192.0.2.3", 60)]
                .into_iter()
                .zip(1..)
                .map(|(record, id)| Stored { id, record })
                .collect();
        let same: Vec<Record> = before.iter().rev().map(|s| Record { prio: Some(0), ..s.record.clone() }).collect();
        assert_eq!(diff(7, &before, &same), vec![]);
        let after = [record("a", "192.0.2.1", 300), record("b", "192.0.2.9", 60), record("d", "192.0.2.4", 60)];
        let made = diff(7, &before, &after);
        let sql: Vec<&str> = made.iter().map(|s| s.sql.as_str()).collect();
        assert_eq!(
            sql,
            [
                "DELETE FROM records WHERE id = $1",
                "UPDATE records SET ttl = $1 WHERE id = $2",
                "UPDATE records SET content = $1 WHERE id = $2",
                INSERT,
            ]
        );
        assert_eq!(made[1].params, [Param::Int(300), Param::Int(1)]);
        assert_eq!(made[3].params.len(), 7);
        assert_eq!(made[0].params, [Param::Int(3)]);
    }
}
