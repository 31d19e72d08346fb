/** The SQL editor: CodeMirror 6, coloured by the page's custom properties so that both themes come for free. */
import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab, toggleComment } from '@codemirror/commands';
import { PostgreSQL, sql, SQLDialect, type SQLNamespace } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { type PostgresError, utf16Offset } from 'tusklet';
import type { Relation } from '../schema.js';
import { type Piece, statementAt } from '../sql/split.js';

// Words PostgreSQL knows but does not reserve, and people use as names of columns.
const NAMES = new Set(`class comment comments content data day document domain hour input label language length level link location mapping matched method minute
 month name number object option options output owner parameter path policy position program rank result role row rows rule source state statistics storage
 subject summary system title type value version year zone second depth action domains records`.split(/\s+/));
const dialect = SQLDialect.define({ ...PostgreSQL.spec, keywords: PostgreSQL.spec.keywords!.split(' ').filter((w) => !NAMES.has(w)).join(' ') });

const theme = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '14px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--accent)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--select)' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 6%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--text)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--accent)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--accent-soft)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: '6px', boxShadow: 'var(--shadow)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--accent-ink)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-panels': { backgroundColor: 'var(--sunk)', color: 'var(--text)', borderColor: 'var(--line)' },
  '.cm-placeholder': { color: 'var(--muted)' },
});

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--kw)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--str)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--num)' },
  { tag: [tags.lineComment, tags.blockComment], color: 'var(--com)', fontStyle: 'italic' },
  { tag: [tags.typeName], color: 'var(--type)' },
  { tag: [tags.standard(tags.name)], color: 'var(--fn)' },
  { tag: [tags.special(tags.name)], color: 'var(--text)' },
]);

export interface SqlEditor {
  readonly dom: HTMLElement;
  readonly view: EditorView;
  text: string;
  focus(): void;
  /** The selection, or the statement at the cursor. */
  current(): { text: string; start: number } | undefined;
  setSchema(relations: readonly Relation[]): void;
  /** Marks an error of the statement that starts at `start`. */
  showError(error: PostgresError, start: number, length: number): void;
  clearErrors(): void;
  insert(text: string): void;
  destroy(): void;
}

export interface EditorOptions {
  label: string;
  text: string;
  placeholder?: string;
  run(all: boolean): void;
  cancel?(): void;
  change?(text: string): void;
}

function namespace(relations: readonly Relation[]): SQLNamespace {
  const schemas: Record<string, Record<string, SQLNamespace>> = {};
  for (const r of relations) {
    (schemas[r.schema] ??= {})[r.name] = {
      self: { label: r.name, type: 'class', detail: r.kind === 'v' ? 'view' : r.kind === 'm' ? 'materialized view' : 'table' },
      children: r.columns.map((c) => ({ label: c.name, type: 'property', detail: c.type })),
    };
  }
  return schemas as SQLNamespace;
}

const language = (relations: readonly Relation[]) => sql({ dialect, schema: namespace(relations), defaultSchema: 'public', upperCaseKeywords: true });

export function createEditor(options: EditorOptions): SqlEditor {
  const lang = new Compartment();
  const run = (all: boolean): boolean => {
    closeCompletion(view);
    options.run(all);
    return true;
  };
  const view: EditorView = new EditorView({
    state: EditorState.create({
      doc: options.text,
      extensions: [
        Prec.highest(keymap.of([
          { key: 'Mod-Enter', run: () => run(false) },
          { key: 'Mod-Shift-Enter', run: () => run(true) },
          { key: 'Mod-/', run: toggleComment },
          ...(options.cancel === undefined ? [] : [{ key: 'Ctrl-.', run: () => (options.cancel!(), true) }]),
        ])),
        lineNumbers(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        autocompletion({ icons: false, maxRenderedOptions: 60 }), highlightActiveLine(), highlightSelectionMatches(), lintGutter(), EditorState.allowMultipleSelections.of(true),
        EditorView.lineWrapping, lang.of(language([])), theme, syntaxHighlighting(highlight),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
        ...(options.placeholder === undefined ? [] : [placeholder(options.placeholder)]),
        EditorView.updateListener.of((u) => {
          if (u.docChanged) options.change?.(u.state.doc.toString());
        }),
      ],
    }),
  });
  const dom = document.createElement('div');
  dom.className = 'editor';
  dom.append(view.dom);
  return {
    dom,
    view,
    get text() {
      return view.state.doc.toString();
    },
    set text(text: string) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    focus: () => view.focus(),
    current() {
      const { from, to, empty } = view.state.selection.main;
      const text = view.state.doc.toString();
      if (!empty) return { text: text.slice(from, to), start: from };
      const piece: Piece | undefined = statementAt(text, from);
      return piece === undefined ? undefined : { text: text.slice(piece.start, piece.end), start: piece.start };
    },
    setSchema: (relations) => view.dispatch({ effects: lang.reconfigure(language(relations)) }),
    showError(error, start, length) {
      const size = view.state.doc.length;
      const text = view.state.doc.toString().slice(start, start + length);
      let from = start;
      let to = start + length;
      if (error.position !== undefined) {
        from = start + utf16Offset(text, error.position);
        // To the end of the token the position is on.
        const token = /^(?:[\p{L}_][\p{L}\p{N}_$]*|"(?:[^"]|"")*"|'(?:[^']|'')*'|\d[\d.]*|[^\s\w]+)/u.exec(text.slice(from - start))?.[0] ?? text[from - start] ?? '';
        to = from + Math.max(1, token.length);
      }
      from = Math.min(from, size);
      to = Math.min(Math.max(to, from), size);
      if (from === to && from > 0) from--;
      const message = [error.message, error.detail, error.hint === undefined ? undefined : `Hint: ${error.hint}`].filter(Boolean).join('\n');
      const diagnostic: Diagnostic = { from, to, severity: 'error', message, source: error.code };
      view.dispatch(setDiagnostics(view.state, [diagnostic]));
      if (error.position !== undefined) view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    },
    clearErrors: () => view.dispatch(setDiagnostics(view.state, [])),
    insert(text) {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}
