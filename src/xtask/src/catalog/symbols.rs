//! OIDs and the symbols that stand for them in the TSVs.
//!
//! A symbol is what a person would write: `int4`, `int4pl(int4,int4)`, `+(int4,int4)` (a missing operand is empty),
//! `btree/integer_ops`. Objects outside `pg_catalog` carry their schema. `-` is "none" (OID 0).

use std::collections::HashMap;

use super::schema::{CATALOGS, Catalog, Class, Kind};
use super::tsv::{Table, elements};
use crate::Outcome;

/// Both directions of the mapping, per class.
#[derive(Debug, Default)]
pub struct Symbols {
    by_oid: HashMap<(Class, u32), String>,
    by_symbol: HashMap<(Class, String), u32>,
}

/// In an order where each class's symbols need only those of earlier ones.
const ORDER: &[(Class, &str, &str)] = &[
    (Class::Namespace, "pg_namespace", "nspname"),
    (Class::Language, "pg_language", "lanname"),
    (Class::Am, "pg_am", "amname"),
    (Class::Type, "pg_type", "typname typnamespace"),
    (Class::Proc, "pg_proc", "proname pronamespace proargtypes"),
    (Class::Operator, "pg_operator", "oprname oprnamespace oprleft oprright"),
    (Class::Relation, "pg_class", "relname relnamespace"),
    (Class::Opfamily, "pg_opfamily", "opfname opfnamespace opfmethod"),
    (Class::Opclass, "pg_opclass", "opcname opcnamespace opcmethod"),
    (Class::Collation, "pg_collation", "collname collnamespace"),
    (Class::TsParser, "pg_ts_parser", "prsname prsnamespace"),
    (Class::TsTemplate, "pg_ts_template", "tmplname tmplnamespace"),
    (Class::TsDict, "pg_ts_dict", "dictname dictnamespace"),
    (Class::TsConfig, "pg_ts_config", "cfgname cfgnamespace"),
];

impl Symbols {
    /// From tables whose references are numbers.
    pub fn from_raw(tables: &[Table]) -> Outcome<Symbols> {
        Symbols::build(tables, |symbols, kind, cell| symbols.shown(kind, cell))
    }

    /// From tables whose references are symbols already.
    pub fn from_symbolic(tables: &[Table]) -> Outcome<Symbols> {
        Symbols::build(tables, |_, _, cell| Ok(cell.to_string()))
    }

    fn build(tables: &[Table], show: impl Fn(&Symbols, Kind, &str) -> Outcome<String>) -> Outcome<Symbols> {
        let mut symbols = Symbols::default();
        for &(class, name, columns) in ORDER {
            let position = CATALOGS.iter().position(|c| c.name == name).ok_or(name)?;
            let (catalog, table) = (&CATALOGS[position], &tables[position]);
            let oid_column = table.column("oid")?;
            let mut made = Vec::new();
            for row in 0..table.rows.len() {
                let mut parts = Vec::new();
                for column in columns.split(' ') {
                    let at = table.column(column)?;
                    parts.push(show(&symbols, catalog.columns[at].kind, table.text(row, at)?)?);
                }
                let oid: u32 = table.text(row, oid_column)?.parse().map_err(|e| format!("{name}: oid: {e}"))?;
                made.push((oid, symbol(class, &parts)));
            }
            for (oid, symbol) in made {
                symbols.by_oid.insert((class, oid), symbol.clone());
                if symbols.by_symbol.insert((class, symbol.clone()), oid).is_some() {
                    return Err(format!("{name}: symbol {symbol} is not unique"));
                }
            }
        }
        Ok(symbols)
    }

    /// The OID behind a symbol.
    pub fn oid(&self, class: Class, symbol: &str) -> Outcome<u32> {
        if symbol == "-" {
            return Ok(0);
        }
        self.by_symbol.get(&(class, symbol.to_string())).copied().ok_or_else(|| format!("no {class:?} {symbol}"))
    }

    /// Replaces every number that is a reference, and every array, by what the TSV shows.
    pub fn symbolise(&self, catalog: &Catalog, table: &mut Table) -> Outcome {
        for row in &mut table.rows {
            for (cell, column) in row.iter_mut().zip(catalog.columns) {
                if let Some(text) = cell {
                    *text =
                        self.shown(column.kind, text).map_err(|e| format!("{}.{}: {e}", catalog.name, column.name))?;
                }
            }
        }
        Ok(())
    }

    fn shown(&self, kind: Kind, cell: &str) -> Outcome<String> {
        let one = |class: Class, text: &str| -> Outcome<String> {
            let oid: u32 = text.parse().map_err(|e| format!("{text:?}: {e}"))?;
            if oid == 0 {
                return Ok("-".into());
            }
            self.by_oid.get(&(class, oid)).cloned().ok_or_else(|| format!("no {class:?} with OID {oid}"))
        };
        Ok(match kind {
            Kind::Ref(class) => one(class, cell)?,
            Kind::Refs(class) => elements(cell).iter().map(|e| one(class, e)).collect::<Outcome<Vec<_>>>()?.join(","),
            Kind::Ints => elements(cell).join(","),
            Kind::Chars => elements(cell).concat(),
            Kind::Texts => {
                // Joined by commas, so no element may hold one; an empty list and a list of one empty text look the
                // same, and the generator reads the former.
                let elements = elements(cell);
                if elements.iter().any(|e| e.contains(',')) || elements == [""] {
                    return Err(format!("{cell} cannot be shown as a list"));
                }
                elements.join(",")
            }
            Kind::Bool | Kind::Char | Kind::Int | Kind::Oid | Kind::Text | Kind::TextOrName => cell.to_string(),
        })
    }
}

fn symbol(class: Class, parts: &[String]) -> String {
    let name = &parts[0];
    let schema = match parts.get(1).map(String::as_str) {
        None | Some("pg_catalog") => String::new(),
        Some(other) => format!("{other}."),
    };
    let operand = |i: usize| if parts[i] == "-" { "" } else { parts[i].as_str() };
    match class {
        Class::Proc => format!("{schema}{name}({})", parts[2]),
        Class::Operator => format!("{schema}{name}({},{})", operand(2), operand(3)),
        Class::Opfamily | Class::Opclass => format!("{}/{schema}{name}", parts[2]),
        _ => format!("{schema}{name}"),
    }
}
