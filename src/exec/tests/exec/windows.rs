//! Window functions against the definition of frames.

use tusklet_catalog::builtin;
use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn window_call(src: &str, args: Vec<Expr>) -> WindowCall {
    let f = builtin::Proc::all().find(|p| p.src() == src).expect(src);
    WindowCall {
        func: f.oid(),
        args,
        filter: None,
        window: 0,
        star: false,
        aggregate: false,
        input_collation: 0,
        trans_type: 0,
    }
}

fn aggregate(name: &str, args: Vec<Expr>) -> WindowCall {
    let types: Vec<u32> = args.iter().map(|a| a.ty.oid).collect();
    WindowCall {
        func: proc(name, &types),
        star: args.is_empty(),
        args,
        filter: None,
        window: 0,
        aggregate: true,
        input_collation: 0,
        trans_type: 0,
    }
}

fn frame(mode: FrameMode, start: FrameBound, end: FrameBound, exclude: FrameExclude) -> Frame {
    let offset = |b: &FrameBound| matches!(b, FrameBound::Preceding(_) | FrameBound::Following(_));
    let in_range = |b: &FrameBound| match mode {
        FrameMode::Range if offset(b) => proc("in_range", &[23, 23, 23, 16, 16]),
        _ => 0,
    };
    Frame {
        start_in_range: in_range(&start),
        end_in_range: in_range(&end),
        mode,
        start,
        end,
        exclude,
        written: true,
        in_range_collation: 0,
    }
}

/// A bound as a number of steps, `None` for unbounded.
fn bound(steps: Option<i32>, start: bool) -> FrameBound {
    let offset = |n: i32| int(n);
    match steps {
        None if start => FrameBound::UnboundedPreceding,
        None => FrameBound::UnboundedFollowing,
        Some(0) => FrameBound::CurrentRow,
        Some(n) if n < 0 => FrameBound::Preceding(offset(-n)),
        Some(n) => FrameBound::Following(offset(n)),
    }
}

#[test]
fn every_frame_is_what_its_clause_says() {
    let mut rnd = Random(5);
    let mut rows: Vec<[i32; 3]> =
        (0..60).map(|_| [rnd.below(4) as i32, rnd.below(12) as i32, rnd.below(100) as i32]).collect();
    rows.sort();
    let db = Db::new();
    let stored: Rows = rows.iter().map(|r| r.iter().map(|v| Value::I32(*v)).collect()).collect();
    let t = db.table(&[Phys::I32, Phys::I32, Phys::I32], &stored);
    for mode in [FrameMode::Rows, FrameMode::Groups, FrameMode::Range] {
        for (s, e) in [
            (None, Some(0)),
            (None, None),
            (Some(-2), Some(1)),
            (Some(0), None),
            (Some(1), Some(3)),
            (Some(-3), Some(-1)),
        ] {
            for exclude in [FrameExclude::NoOthers, FrameExclude::CurrentRow, FrameExclude::Group, FrameExclude::Ties] {
                let expect: Vec<Vec<Option<i64>>> = (0..rows.len())
                    .map(|i| {
                        let part: Vec<usize> = (0..rows.len()).filter(|j| rows[*j][0] == rows[i][0]).collect();
                        // A row's place on the mode's own scale.
                        let mut orders: Vec<i32> = part.iter().map(|j| rows[*j][1]).collect();
                        orders.dedup();
                        let place = |j: usize| match mode {
                            FrameMode::Rows => j as i64,
                            FrameMode::Groups => orders.iter().position(|o| *o == rows[j][1]).unwrap() as i64,
                            FrameMode::Range => rows[j][1] as i64,
                        };
                        let inside: Vec<i64> = part
                            .iter()
                            .filter(|j| s.is_none_or(|s| place(**j) >= place(i) + s as i64))
                            .filter(|j| e.is_none_or(|e| place(**j) <= place(i) + e as i64))
                            .filter(|j| {
                                let peer = rows[**j][1] == rows[i][1];
                                match exclude {
                                    FrameExclude::NoOthers => true,
                                    FrameExclude::CurrentRow => **j != i,
                                    FrameExclude::Group => !peer,
                                    FrameExclude::Ties => !peer || **j == i,
                                }
                            })
                            .map(|j| rows[*j][2] as i64)
                            .collect();
                        vec![
                            Some(inside.len() as i64),
                            (!inside.is_empty()).then(|| inside.iter().sum()),
                            inside.first().copied(),
                            inside.last().copied(),
                            inside.get(1).copied(),
                        ]
                    })
                    .collect();
                let value = || col(2, INT4);
                let calls = vec![
                    aggregate("count", vec![]),
                    aggregate("sum", vec![value()]),
                    window_call("window_first_value", vec![value()]),
                    window_call("window_last_value", vec![value()]),
                    window_call("window_nth_value", vec![value(), int(2)]),
                ];
                let plan = node(
                    Node::WindowAgg {
                        input: Box::new(scan(t, &[(1, INT4), (2, INT4), (3, INT4)])),
                        partition: vec![sort_key(0, false, false)],
                        order: vec![sort_key(1, false, false)],
                        frame: Box::new(frame(mode, bound(s, true), bound(e, false), exclude)),
                        calls,
                        run: vec![],
                    },
                    &[INT4; 8],
                );
                let got: Vec<Vec<Option<i64>>> =
                    db.with(|cx| run(cx, stmt(plan))).iter().map(|r| r[3..].iter().map(num).collect()).collect();
                assert_eq!(got, expect, "{mode:?} {s:?} {e:?} {exclude:?}");
            }
        }
    }
}

#[test]
fn ranks_tiles_and_neighbours() {
    let db = Db::new();
    let t = db.table(&[Phys::I32], &[1, 1, 2, 3, 3].map(|v| vec![Value::I32(v)]));
    let calls = vec![
        window_call("window_row_number", vec![]),
        window_call("window_rank", vec![]),
        window_call("window_dense_rank", vec![]),
        window_call("window_percent_rank", vec![]),
        window_call("window_cume_dist", vec![]),
        window_call("window_ntile", vec![int(3)]),
        window_call("window_lag", vec![col(0, INT4)]),
        window_call("window_lead_with_offset_and_default", vec![col(0, INT4), int(2), int(-9)]),
    ];
    let n = calls.len();
    let plan = node(
        Node::WindowAgg {
            input: Box::new(scan(t, &[(1, INT4)])),
            partition: vec![],
            order: vec![sort_key(0, false, false)],
            frame: Box::new(frame(FrameMode::Range, bound(None, true), bound(Some(0), false), FrameExclude::NoOthers)),
            calls,
            run: vec![],
        },
        &vec![INT4; n + 1],
    );
    let rows = db.with(|cx| run(cx, stmt(plan)));
    let text: Vec<String> = rows
        .iter()
        .map(|r| {
            let cell = |v: &Value| match v {
                Value::Null => "-".to_string(),
                Value::F64(f) => f.to_string(),
                v => v.as_datum().int().to_string(),
            };
            r[1..].iter().map(cell).collect::<Vec<_>>().join(" ")
        })
        .collect();
    // As PostgreSQL answers over VALUES (1), (1), (2), (3), (3).
    assert_eq!(
        text,
        ["1 1 1 0 0.4 1 - 2", "2 1 1 0 0.4 1 1 3", "3 3 2 0.5 0.6 2 1 3", "4 4 3 0.75 1 2 2 -9", "5 4 3 0.75 1 3 3 -9",]
    );
}
