/** The zone editor: the zones of a gpgsql database, their records, changes staged until Apply. */
import { dnsRules, type DnsProblem, type DnsRecord, type DnsRules } from 'tusklet/dns';
import { type Db, openDb } from '../db.js';
import { createChooser } from '../ui/chooser.js';
import { announce, confirmDialog, download, h, openDialog } from '../ui/dom.js';
import {
  absolute, apply, dayNumber, hasSchema, newZone, readRecords, readZones, type RecordValues, relative, type Row, sameRecord, soaToRaise, stateOf, statements, type Zone,
} from './model.js';
import { GPGSQL } from './schema.js';

/** Types the editor has a form for, with what their content looks like. */
const TYPES: Record<string, string> = {
  A: '192.0.2.1', AAAA: '2001:db8::1', CNAME: 'target.example.org', MX: 'mail.example.org', NS: 'ns1.example.org',
  SOA: 'ns1.example.org hostmaster.example.org 2024010101 10800 3600 604800 3600', TXT: '"some text"', SRV: 'weight port target: 5 5060 sip.example.org',
  CAA: '0 issue "ca.example.net"', PTR: 'host.example.org',
};
const WITH_PRIO = new Set(['MX', 'SRV']);

export async function open(main: HTMLElement): Promise<{ show(path: string): Promise<void>; leave(): void }> {
  let db: Db | undefined;
  let rules: DnsRules | undefined;
  let zones: Zone[] = [];
  let zone: Zone | undefined;
  let rows: Row[] = [];
  let filter = '';
  let path = '';

  const list = h('ul', { class: 'zone-list' });
  const search = h('input', { type: 'search', placeholder: 'Filter zones', 'aria-label': 'Filter zones', oninput: () => drawList() });
  const body = h('section', { class: 'zone', 'aria-label': 'Zone' });
  const tools = h('div', { class: 'bar' },
    h('button', { type: 'button', class: 'primary', onclick: () => void createZone() }, 'New zone'),
    h('button', { type: 'button', onclick: () => void importFile(undefined) }, 'Import…'));
  const chooser = createChooser('zones', use);
  main.replaceChildren(h('div', { class: 'zones' }, h('aside', { class: 'side', 'aria-label': 'Zones' }, chooser.dom, h('h2', {}, 'Zones'), tools, search, list), body));

  async function use(name: string): Promise<void> {
    body.replaceChildren(h('p', { class: 'hint' }, 'Opening the database…'));
    zone = undefined;
    rows = [];
    try {
      db = await openDb('zones', name);
    } catch (error) {
      db = undefined;
      body.replaceChildren(h('p', { class: 'notice bad', role: 'alert' }, `The database could not be opened: ${(error as Error).message}`));
      return;
    }
    rules = dnsRules(db);
    if (!(await hasSchema(db))) {
      setTools(false);
      zones = [];
      drawList();
      offerSchema(db);
      return;
    }
    setTools(true);
    await reload();
    await show(path);
  }

  function setTools(on: boolean): void {
    for (const el of [...tools.querySelectorAll('button'), search]) el.disabled = !on;
  }

  function offerSchema(of: Db): void {
    const button = h('button', { type: 'button', class: 'primary', onclick: () => void (async () => {
      button.disabled = true;
      try {
        await apply(of, [GPGSQL]);
        announce('The tables were created');
        await use(chooser.name);
      } catch (error) {
        button.disabled = false;
        body.append(problem(error));
      }
    })() }, 'Create the tables');
    body.replaceChildren(h('h1', {}, 'A database for zones'),
      h('p', {}, 'This editor works on the tables of PowerDNS\' PostgreSQL backend. This database does not have them yet; this is what will be run:'),
      h('pre', { class: 'sql-preview', tabIndex: 0 }, GPGSQL), h('div', { class: 'bar' }, button));
  }

  const problem = (error: unknown): HTMLElement => {
    const text = error instanceof Error ? error.toString() : String(error);
    announce(text);
    return h('pre', { class: 'notice bad error-text', role: 'alert' }, text);
  };

  async function reload(): Promise<void> {
    zones = await readZones(db!);
    drawList();
  }

  function drawList(): void {
    const wanted = search.value.trim().toLowerCase();
    const shown = zones.filter((z) => z.name.includes(wanted));
    list.replaceChildren(...shown.map((z) => h('li', {}, h('a', { href: `#/zones/${encodeURIComponent(z.name)}`, 'aria-current': z.name === zone?.name ? 'page' : null }, z.name,
      h('small', {}, `${z.type.toUpperCase()} · ${z.records} record${z.records === 1 ? '' : 's'}${z.serial === null ? ' · no SOA' : ` · ${z.serial}`}`)))));
  }

  const staged = (): number => rows.filter((r) => stateOf(r) !== 'same').length;

  async function show(next: string): Promise<void> {
    path = next;
    if (db === undefined || !(await hasSchema(db))) return;
    const wanted = zones.find((z) => z.name === next);
    if (zone !== undefined && wanted?.id !== zone.id && staged() > 0) {
      if (!(await confirmDialog('Unsaved changes', `The changes to ${zone.name} were not applied. Drop them?`, 'Drop them'))) {
        history.replaceState(null, '', `#/zones/${encodeURIComponent(zone.name)}`);
        path = zone.name;
        return;
      }
    }
    if (wanted === undefined) {
      zone = undefined;
      rows = [];
      drawList();
      body.replaceChildren(h('h1', {}, 'Zones'), h('p', { class: 'hint' }, zones.length === 0
        ? 'There are no zones yet. Make one, or import a zone file as BIND writes it.'
        : 'Choose a zone, make one, or import a zone file.'));
      return;
    }
    if (zone?.id !== wanted.id) {
      filter = '';
      zone = wanted;
      rows = await readRecords(db, wanted);
    }
    drawList();
    drawZone();
  }

  function drawZone(): void {
    const z = zone!;
    const readOnly = /^(slave|consumer)$/i.test(z.type);
    const n = staged();
    const wanted = filter.toLowerCase();
    const shown = rows.filter((r) => wanted === '' || `${r.now.name} ${r.now.type} ${r.now.content}`.toLowerCase().includes(wanted));
    const applyButton = h('button', { type: 'button', class: 'primary', disabled: n === 0, onclick: () => void review() }, n === 0 ? 'Apply' : `Apply ${n} change${n === 1 ? '' : 's'}…`);
    const search = h('input', { type: 'search', value: filter, placeholder: 'Filter records', 'aria-label': 'Filter records', oninput: () => {
      filter = search.value;
      drawZone();
      const again = body.querySelector<HTMLInputElement>('input[type=search]');
      again?.focus();
      again?.setSelectionRange(filter.length, filter.length);
    } });
    const MAX = 1000;
    body.replaceChildren(
      h('header', {}, h('h1', {}, z.name), h('p', { class: 'hint' }, `${z.type.toUpperCase()} zone, ${rows.length} records${z.serial === null ? '' : `, serial ${z.serial}`}`)),
      readOnly ? h('p', { class: 'notice warn' }, 'A secondary zone: the next transfer from its primary replaces every record, so it is only shown.') : '',
      h('div', { class: 'bar' },
        h('button', { type: 'button', disabled: readOnly, onclick: () => void editRecord(undefined) }, 'Add record'),
        applyButton,
        h('button', { type: 'button', disabled: n === 0, onclick: () => {
          rows = rows.filter((r) => r.before !== null).map((r) => ({ ...r, now: { ...r.before! }, deleted: false }));
          announce('Changes dropped');
          drawZone();
        } }, 'Discard'),
        h('span', { class: 'grow' }), search,
        h('button', { type: 'button', disabled: readOnly, onclick: () => void importFile(z) }, 'Import…'),
        h('button', { type: 'button', onclick: () => void exportZone() }, 'Export'),
        h('button', { type: 'button', class: 'danger', onclick: () => void removeZone() }, 'Delete zone')),
      h('div', { class: 'records card' }, h('table', {}, h('caption', { class: 'visually-hidden' }, `Records of ${z.name}`),
        h('thead', {}, h('tr', {}, ...['Name', 'Type', 'TTL', 'Content', 'Status', ''].map((t) => h('th', { scope: 'col' }, t === '' ? h('span', { class: 'visually-hidden' }, 'Actions') : t)))),
        h('tbody', {}, ...shown.slice(0, MAX).map((r) => drawRow(r, z, readOnly))))),
      shown.length > MAX ? h('p', { class: 'hint' }, `The first ${MAX} of ${shown.length} records; filter to see others.`) : '');
  }

  function drawRow(r: Row, z: Zone, readOnly: boolean): HTMLElement {
    const state = stateOf(r);
    const v = r.now;
    const what = `${relative(v.name, z.name)} ${v.type}`;
    const word = state === 'same' ? (v.disabled ? 'disabled' : '') : state === 'changed' && v.disabled !== r.before!.disabled ? (v.disabled ? 'will be disabled' : 'will be enabled') : state;
    const change = (f: () => void): (() => void) => () => {
      f();
      drawZone();
    };
    return h('tr', { class: `${state} ${v.disabled ? 'disabled' : ''}` },
      h('td', { title: v.name }, relative(v.name, z.name)), h('td', {}, v.type), h('td', {}, v.ttl ?? ''),
      h('td', {}, WITH_PRIO.has(v.type) && v.prio !== null ? h('span', { class: 'badge', title: 'Priority' }, v.prio) : null, WITH_PRIO.has(v.type) ? ' ' : null, v.content),
      h('td', {}, word === '' ? '' : h('span', { class: 'badge' }, word)),
      h('td', {}, readOnly ? '' : h('div', { class: 'bar' }, r.deleted
        ? h('button', { type: 'button', class: 'quiet', 'aria-label': `Keep ${what}`, onclick: change(() => { r.deleted = false; }) }, 'Keep')
        : [
            h('button', { type: 'button', class: 'quiet', 'aria-label': `Edit ${what}`, onclick: () => void editRecord(r) }, 'Edit'),
            h('button', { type: 'button', class: 'quiet', 'aria-label': `${v.disabled ? 'Enable' : 'Disable'} ${what}`, onclick: change(() => { v.disabled = !v.disabled; }) }, v.disabled ? 'Enable' : 'Disable'),
            h('button', { type: 'button', class: 'quiet danger', 'aria-label': `Delete ${what}`, onclick: change(() => {
              if (r.before === null) rows = rows.filter((x) => x !== r);
              else r.deleted = true;
            }) }, 'Delete'),
          ])));
  }

  async function editRecord(row: Row | undefined): Promise<void> {
    const z = zone!;
    const v: RecordValues = row?.now ?? { name: z.name, type: 'A', content: '', ttl: 3600, prio: null, disabled: false };
    let result: RecordValues | undefined;
    await openDialog(row === undefined ? 'Add record' : 'Edit record', (form, dialog) => {
      const name = h('input', { value: relative(v.name, z.name), autocomplete: 'off', autocapitalize: 'off', spellcheck: false });
      const types = v.type in TYPES ? Object.keys(TYPES) : [...Object.keys(TYPES), v.type];
      const type = h('select', {}, ...types.map((t) => h('option', { value: t, selected: t === v.type }, t)));
      const ttl = h('input', { type: 'number', min: '0', max: '2147483647', value: v.ttl === null ? '' : String(v.ttl), inputMode: 'numeric' });
      const prio = h('input', { type: 'number', min: '0', max: '65535', value: String(v.prio ?? 10), inputMode: 'numeric' });
      const prioLabel = h('label', {}, 'Priority', prio);
      const content = h('input', { value: v.content, autocomplete: 'off', autocapitalize: 'off', spellcheck: false, 'aria-describedby': 'record-problems' });
      const disabled = h('input', { type: 'checkbox', checked: v.disabled });
      const problems = h('div', { id: 'record-problems', role: 'status' });
      const save = h('button', { type: 'submit', class: 'primary' }, row === undefined ? 'Add' : 'Change');
      const read = (): RecordValues => ({
        name: absolute(name.value, z.name), type: type.value, content: content.value.trim(), ttl: ttl.value === '' ? null : Number(ttl.value),
        prio: WITH_PRIO.has(type.value) ? Number(prio.value) : 0, disabled: disabled.checked,
      });
      let turn = 0;
      const check = async (): Promise<{ ok: boolean; values: RecordValues }> => {
        const values = read();
        const mine = ++turn;
        const checked = await rules!.validate(z.name, values as DnsRecord);
        if (mine === turn) problems.replaceChildren(...checked.problems.map((p) => h('p', { class: p.severity === 'error' ? 'field-error' : 'hint' }, p.message)));
        content.setAttribute('aria-invalid', String(checked.problems.some((p) => p.severity === 'error')));
        const ok = !checked.problems.some((p) => p.severity === 'error');
        return { ok, values: ok ? { ...values, content: checked.content ?? values.content, prio: checked.prio ?? values.prio } : values };
      };
      const typeChanged = (): void => {
        prioLabel.hidden = !WITH_PRIO.has(type.value);
        content.placeholder = TYPES[type.value] ?? '';
        if (content.value !== '') void check();
      };
      type.addEventListener('change', typeChanged);
      content.addEventListener('change', () => void check());
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        void check().then(({ ok, values }) => {
          if (!ok) {
            content.focus();
            return;
          }
          result = values;
          dialog.close('ok');
        }, (error: unknown) => problems.replaceChildren(h('p', { class: 'field-error' }, (error as Error).message)));
      });
      form.append(
        h('div', { class: 'form-row' }, h('label', {}, 'Name', name), h('label', {}, 'Type', type), h('label', {}, 'TTL', ttl)),
        prioLabel, h('label', {}, 'Content', content), problems, h('label', {}, disabled, ' Disabled: kept, but not served'),
        h('div', { class: 'bar' }, save, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel')));
      typeChanged();
    });
    if (result === undefined) return;
    if (row === undefined) rows.push({ id: null, before: null, now: result, deleted: false });
    else row.now = result;
    announce('Staged; nothing is written before Apply');
    drawZone();
  }

  /** Shows what an Apply will run; runs it as one transaction when that is confirmed. */
  async function review(): Promise<void> {
    const z = zone!;
    let bump!: HTMLInputElement;
    let done = false;
    const soa = soaToRaise(z, rows);
    const raised = soa === undefined ? undefined : await rules!.bumpSerial(soa.now.content, dayNumber(new Date()));
    const result = rows.filter((r) => !r.deleted).map((r) => r.now);
    const found = (await rules!.checkZone(z.name, result as DnsRecord[])).filter((p) => p.severity !== 'info');
    const sqlNow = (): string[] => statements(z, rows, bump.checked ? raised : undefined);
    await openDialog(`Apply changes to ${z.name}`, (form, dialog) => {
      const preview = h('pre', { class: 'sql-preview', tabIndex: 0, 'aria-label': 'SQL to be run' });
      bump = h('input', { type: 'checkbox', checked: true, onchange: () => draw() });
      const draw = (): void => {
        preview.textContent = ['BEGIN;', ...sqlNow(), 'COMMIT;'].join('\n');
      };
      draw();
      const status = h('div');
      const go = h('button', { type: 'submit', class: 'primary' }, 'Run');
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        go.disabled = true;
        apply(db!, sqlNow()).then(() => {
          done = true;
          dialog.close('ok');
        }, (error: unknown) => {
          go.disabled = false;
          status.replaceChildren(problem(error), h('p', { class: 'hint' }, 'Nothing was changed.'));
        });
      });
      form.append(found.length === 0 ? '' : problemList(found, result, z.name), h('p', {}, 'All of it in one transaction, or nothing:'), preview, h('label', {}, bump, ' Raise the serial in the SOA record'), status,
        h('div', { class: 'bar' }, go, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel')));
    });
    if (!done) return;
    await refreshZone(z.name);
    announce('Applied');
  }

  /** What the zone as it will be has against it; a hint, since a broken zone may be on its way to a sound one. */
  function problemList(found: readonly DnsProblem[], of: readonly RecordValues[], zoneName: string): HTMLElement {
    const errors = found.filter((p) => p.severity === 'error').length;
    const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
    const MAX = 50;
    return h('details', { class: `notice ${errors > 0 ? 'bad' : 'warn'}`, open: errors > 0 },
      h('summary', {}, `The zone will have ${count(errors, 'error')} and ${count(found.length - errors, 'warning')}`),
      h('ul', {}, ...found.slice(0, MAX).map((p) => {
        const r = p.record === undefined ? undefined : of[p.record];
        return h('li', {}, r === undefined ? '' : `${relative(r.name, zoneName)} ${r.type}: `, p.message);
      })), found.length > MAX ? h('p', { class: 'hint' }, `The first ${MAX} of ${found.length}.`) : '');
  }

  async function refreshZone(name: string): Promise<void> {
    await reload();
    zone = zones.find((x) => x.name === name);
    rows = zone === undefined ? [] : await readRecords(db!, zone);
    drawList();
    if (zone === undefined) await show('');
    else drawZone();
  }

  async function createZone(): Promise<void> {
    let created: string | undefined;
    await openDialog('New zone', (form, dialog) => {
      const name = h('input', { required: true, autocomplete: 'off', autocapitalize: 'off', spellcheck: false, placeholder: 'example.org' });
      const kind = h('select', {}, ...['NATIVE', 'MASTER'].map((k) => h('option', {}, k)));
      const ns = h('input', { required: true, autocomplete: 'off', placeholder: 'ns1.example.org ns2.example.org' });
      const mail = h('input', { required: true, autocomplete: 'off', placeholder: 'hostmaster@example.org' });
      const preview = h('pre', { class: 'sql-preview', tabIndex: 0, 'aria-label': 'SQL to be run' });
      const status = h('div', { role: 'status' });
      const plain = (s: string): string => s.trim().toLowerCase().replace(/\.$/, '');
      const sqlNow = (): string[] => {
        const zoneName = plain(name.value);
        return newZone(zoneName, kind.value, ns.value.trim().split(/[\s,]+/).map(plain), plain(mail.value), new Date());
      };
      const draw = (): void => {
        preview.textContent = ['BEGIN;', ...sqlNow(), 'COMMIT;'].join('\n');
      };
      name.addEventListener('input', () => {
        const z = plain(name.value);
        if (ns.dataset['own'] === undefined) ns.value = z === '' ? '' : `ns1.${z} ns2.${z}`;
        if (mail.dataset['own'] === undefined) mail.value = z === '' ? '' : `hostmaster@${z}`;
        draw();
      });
      for (const el of [ns, mail]) el.addEventListener('input', () => { el.dataset['own'] = '1'; draw(); });
      kind.addEventListener('change', draw);
      draw();
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        void (async () => {
          const z = plain(name.value);
          const problems: DnsProblem[] = [];
          for (const s of ns.value.trim().split(/[\s,]+/).map(plain)) {
            const checked = await rules!.validate(z, { name: z, type: 'NS', content: s, ttl: 3600, prio: 0 });
            problems.push(...checked.problems.filter((p) => p.severity === 'error'));
          }
          if (problems.length > 0) {
            status.replaceChildren(...problems.map((p) => h('p', { class: 'field-error' }, p.message)));
            return;
          }
          await apply(db!, sqlNow());
          created = z;
          dialog.close('ok');
        })().catch((error: unknown) => status.replaceChildren(problem(error)));
      });
      form.append(h('label', {}, 'Name', name), h('label', {}, 'Kind', kind), h('label', {}, 'Name servers', ns), h('label', {}, 'Mail of the person in charge', mail),
        preview, status, h('div', { class: 'bar' }, h('button', { type: 'submit', class: 'primary' }, 'Create'), h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel')));
    });
    if (created === undefined) return;
    await reload();
    announce(`Created ${created}`);
    location.hash = `#/zones/${encodeURIComponent(created)}`;
  }

  /** Reads a zone file; into a zone its records become staged changes, otherwise a zone is made of it. */
  async function importFile(into: Zone | undefined): Promise<void> {
    let fresh: string | undefined;
    let changed = false;
    await openDialog(into === undefined ? 'Import a zone file' : `Import into ${into.name}`, (form, dialog) => {
      const origin = h('input', { value: into?.name ?? '', required: true, autocomplete: 'off', placeholder: 'example.org', readOnly: into !== undefined });
      const file = h('input', { type: 'file', accept: '.zone,.db,.txt,text/plain' });
      const text = h('textarea', { rows: 10, spellcheck: false, required: true, placeholder: '$TTL 3600\n@ IN SOA ns1 hostmaster 1 10800 3600 604800 3600\n@ IN NS ns1\nns1 IN A 192.0.2.1' });
      const replace = h('input', { type: 'checkbox' });
      const status = h('div', { role: 'status' });
      file.addEventListener('change', () => void file.files?.[0]?.text().then((t) => {
        text.value = t;
        if (origin.value === '') origin.value = file.files![0].name.replace(/\.(zone|db|txt)$/i, '').replace(/^db\./, '');
      }));
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        void (async () => {
          const zoneName = origin.value.trim().toLowerCase().replace(/\.$/, '');
          const parsed = await rules!.parseZone(text.value, zoneName);
          const errors = parsed.problems.filter((p) => p.severity === 'error');
          if (errors.length > 0) {
            announce(`${errors.length} errors in the zone file`);
            status.replaceChildren(h('div', { class: 'notice bad' }, h('b', {}, `${errors.length} error${errors.length === 1 ? '' : 's'}; nothing was imported.`),
              h('ul', {}, ...errors.slice(0, 100).map((p) => h('li', {}, p.line === undefined ? '' : `line ${p.line}${p.column === undefined ? '' : `, column ${p.column}`}: `, p.message)))));
            return;
          }
          const values = parsed.records.map((r): RecordValues => ({ name: r.name, type: r.type, content: r.content, ttl: r.ttl, prio: r.prio ?? 0, disabled: r.disabled ?? false }));
          if (into === undefined) {
            const made: Row[] = values.map((now) => ({ id: null, before: null, now, deleted: false }));
            await db!.transaction(async (tx) => {
              const { rows: ids } = await tx.query<{ id: number }>('INSERT INTO domains (name, type) VALUES ($1, $2) RETURNING id', [zoneName, 'NATIVE']);
              for (const s of statements({ id: Number(ids[0].id), name: zoneName, type: 'NATIVE', records: 0, serial: null }, made)) await tx.exec(s);
            });
            fresh = zoneName;
          } else {
            stage(values, replace.checked);
            changed = true;
          }
          dialog.close('ok');
        })().catch((error: unknown) => status.replaceChildren(problem(error)));
      });
      form.append(h('label', {}, 'Zone', origin), h('label', {}, 'File', file), h('label', {}, 'Text of the file', text),
        into === undefined ? '' : h('label', {}, replace, ' Delete records that are not in the file'), status,
        h('div', { class: 'bar' }, h('button', { type: 'submit', class: 'primary' }, 'Import'), h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel')));
    });
    if (fresh !== undefined) {
      await reload();
      announce(`Imported ${fresh}`);
      location.hash = `#/zones/${encodeURIComponent(fresh)}`;
    } else if (changed) {
      announce(`${staged()} changes staged`);
      drawZone();
    }
  }

  /** Turns a file's records into the difference from what is there. */
  function stage(values: readonly RecordValues[], replace: boolean): void {
    const left = new Set(rows.filter((r) => !r.deleted));
    const added: Row[] = [];
    for (const now of values) {
      const same = [...left].find((r) => sameRecord(r.now, now) || (now.type === 'SOA' && r.now.type === 'SOA' && r.now.name === now.name));
      if (same !== undefined) {
        left.delete(same);
        same.now = { ...now, prio: (same.now.prio ?? 0) === (now.prio ?? 0) ? same.now.prio : now.prio };
      } else added.push({ id: null, before: null, now, deleted: false });
    }
    if (replace) {
      for (const r of left) r.deleted = true;
      rows = rows.filter((r) => r.before !== null || !r.deleted);
    }
    rows.push(...added);
  }

  async function exportZone(): Promise<void> {
    try {
      const text = await rules!.formatZone(zone!.name, rows.filter((r) => r.before !== null).map((r) => r.before as DnsRecord));
      download(`${zone!.name}.zone`, text);
      announce('Exported');
    } catch (error) {
      body.prepend(problem(error));
    }
  }

  async function removeZone(): Promise<void> {
    const z = zone!;
    if (!(await confirmDialog('Delete zone', `Delete ${z.name} with its ${z.records} records? The SQL: DELETE FROM domains WHERE id = ${z.id};`, 'Delete'))) return;
    try {
      await apply(db!, [`DELETE FROM domains WHERE id = ${z.id};`]);
    } catch (error) {
      body.prepend(problem(error));
      return;
    }
    zone = undefined;
    rows = [];
    await reload();
    announce(`Deleted ${z.name}`);
    location.hash = '#/zones';
  }

  const warn = (event: BeforeUnloadEvent): void => {
    if (staged() > 0) event.preventDefault();
  };
  addEventListener('beforeunload', warn);

  await chooser.start();
  return { show, leave: () => removeEventListener('beforeunload', warn) };
}
