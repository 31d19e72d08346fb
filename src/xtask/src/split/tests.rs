//! A module of four functions taken apart; `pkg/tests/parts.test.mjs` runs the real one.

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, TableSection, TypeSection, ValType,
};

use super::*;

/// Imports `tick`; `main` calls `rare`, `rare` calls `helper` and `tick`, `twin` is what `helper` is. `rare` and `twin` are in the table.
fn whole() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I64, ValType::I32], [ValType::I32]);
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("env", "tick", wasm_encoder::EntityType::Function(1));
    let mut functions = FunctionSection::new();
    [0, 0, 0, 0].into_iter().for_each(|ty| {
        functions.function(ty);
    });
    let mut tables = TableSection::new();
    tables.table(table_type(3, 0x70));
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(64));
    let mut exports = ExportSection::new();
    exports.export("main", ExportKind::Func, 1).export("memory", ExportKind::Memory, 0);
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(1), Elements::Functions(vec![2, 4].into()));
    let mut code = CodeSection::new();
    let pass = |f: &mut Function, callee: u32| {
        f.instructions().local_get(0).local_get(1).call(callee);
    };
    let mut main = Function::new([]);
    pass(&mut main, 2);
    main.instructions().end();
    let mut rare = Function::new([]);
    rare.instructions().call(0).global_get(0).drop();
    pass(&mut rare, 3);
    rare.instructions().end();
    code.function(&main).function(&rare);
    for _ in 0..2 {
        // Long enough not to be kept for being small.
        let mut helper = Function::new([(1, ValType::I32)]);
        for _ in 0..8 {
            helper.instructions().local_get(1).local_set(2);
        }
        helper.instructions().local_get(2).end();
        code.function(&helper);
    }
    let mut out = wasm_encoder::Module::new();
    out.section(&types).section(&imports).section(&functions).section(&tables).section(&memories).section(&globals);
    out.section(&exports).section(&elements).section(&code);
    out.finish()
}

fn parts(ran: [bool; 4]) -> (Vec<u8>, Vec<u8>) {
    let bytes = whole();
    let mut m = Module::read(&bytes).unwrap();
    let same = fold(&mut m);
    assert_eq!(same, [0, 1, 2, 2]);
    let split = Split::new(&m, &same, ran.to_vec(), "0123abcd".into());
    (split.primary().unwrap(), split.secondary().unwrap())
}

#[test]
fn what_never_ran_goes_and_leaves_a_stub() {
    let (first, second) = parts([true, false, true, false]);
    let first = Module::read(&first).unwrap();
    assert_eq!(first.imports.iter().map(|i| i.1).collect::<Vec<_>>(), ["tick", "load"]);
    // main, helper, the stub of rare.
    assert_eq!(first.bodies.len(), 3);
    let names: Vec<&str> = first.exports.iter().map(|e| e.0).collect();
    assert_eq!(names, ["main", "memory", "cold:0123abcd", "cold.table", "cold.g0"]);
    // In the module's own table the stub and the representative of the twins; beyond it the import, which has no place of its own yet.
    assert_eq!(first.elements[0].functions, [4, 3]);
    assert_eq!((first.elements[1].offset, &first.elements[1].functions[..]), (3, &[0][..]));
    assert_eq!(first.tables[0].0, 4);
    // if loaded = 0 then load; local 0, local 1, call_indirect slot 1.
    assert_eq!(
        first.bodies[2].bytes,
        [0, 0x23, 1, 0x45, 4, 0x40, 0x10, 1, 0x0b, 0x20, 0, 0x20, 1, 0x41, 1, 0x11, 0, 0, 0x0b]
    );

    let imports: Vec<String> = wasmparser::Parser::new(0)
        .parse_all(&second)
        .filter_map(|p| match p.unwrap() {
            wasmparser::Payload::ImportSection(s) => Some(s.into_imports().map(|i| i.unwrap()).collect::<Vec<_>>()),
            _ => None,
        })
        .flatten()
        .map(|i| format!("{}.{}", i.module, i.name))
        .collect();
    // By type: helper, where its twin stands, then tick in slot 3.
    assert_eq!(imports, ["0123abcd.memory", ".cold.table", ".cold.g0", ".2", ".3"]);
}

#[test]
fn an_instrumented_module_notes_every_function() {
    let dir = std::env::temp_dir().join(format!("tusklet-split-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let (input, output) = (dir.join("in.wasm"), dir.join("out.wasm"));
    fs::write(&input, whole()).unwrap();
    instrument(&[input.to_str().unwrap(), output.to_str().unwrap()]).unwrap();
    let bytes = fs::read(&output).unwrap();
    fs::remove_dir_all(&dir).unwrap();
    let m = Module::read(&bytes).unwrap();
    assert_eq!(m.globals.len(), 5);
    assert_eq!(m.exports.iter().filter(|e| e.0.starts_with("ran")).count(), 4);
    // global 2 = 1, before anything else.
    assert_eq!(m.bodies[1].bytes[..5], [0, 0x41, 1, 0x24, 2]);
}

#[test]
fn numbers_are_written_as_javascript_reads_them() {
    assert_eq!([0, 35, 36, 46_655].map(base36), ["0", "z", "10", "zzz"]);
    let slots = [0, 63, 64, 8191, 8192].map(|n| {
        let mut out = Vec::new();
        signed(&mut out, n);
        out.len()
    });
    assert_eq!(slots, [1, 1, 2, 2, 3]);
}
