// SPDX-License-Identifier: Apache-2.0
// The table of a device's properties: what is, how it went, what is wanted and what became of that.
import { get, query, segment } from './api.js';
import { asNumber, Sparkline } from './chart.js';
import { announce, h, keyed, setClass, setText, walkable } from './dom.js';
import { Editor } from './editor.js';
import { exactValue, serverNow, setAge, showValue, withUnit } from './format.js';
import { guarded } from './login.js';

export const fateLook = { pending: 'busy', applied: 'good', failed: 'bad' };

export class PropertyTable {
  constructor(path, signal, { choose }) {
    this.path = path;
    this.signal = signal;
    this.choose = choose;
    this.rows = new Map();
    this.body = h('tbody', { role: 'rowgroup' });
    this.empty = h('p', { class: 'empty', text: 'Loading…' });
    this.element = h('section', { class: 'panel', 'aria-label': 'Properties' },
      h('table', { class: 'rows properties', role: 'table' },
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' },
          ['Property', 'Reported', 'Two minutes', 'Age', 'Desired'].map((title, at) =>
            h('th', { scope: 'col', role: 'columnheader', class: at === 1 ? 'number' : undefined, text: title })))),
        this.body),
      this.empty);
    walkable(this.body, '.p-name button');
    this.body.addEventListener('keydown', (event) => this.key(event));
  }

  update(device) {
    const items = Object.entries(device.properties ?? {}).map(([name, property]) => ({ name, ...property }));
    keyed(this.body, this.rows, items, (item) => item.name, (item) => new PropertyRow(this, item));
    // Editors are rows of their own, below that of their property.
    for (const row of this.rows.values()) row.placeEditor();
    this.empty.hidden = items.length > 0;
    setText(this.empty, 'The model of this device has no properties.');
  }

  changed(properties) {
    for (const name of Object.keys(properties)) this.rows.get(name)?.flash();
  }

  /** The lines' past, where the agent keeps a history. */
  async seed() {
    for (const [name, row] of this.rows) {
      if (this.signal.aborted || this.hasNoHistory) return;
      if (row.isSeeded || !row.hasLine) continue;
      row.isSeeded = true;
      try {
        const past = await get(`${this.path}/properties/${segment(name)}/history${query({ from: '-125s', limit: 400 })}`, this.signal);
        row.line.add(past.rows.map(([t, value]) => ({ t, v: asNumber(value) })));
      } catch (error) {
        if (error.name === 'no-history' || error.name === 'not-found') this.hasNoHistory = true;
      }
    }
    this.tick();
  }

  tick() {
    const now = serverNow();
    for (const row of this.rows.values()) if (row.hasLine) row.line.draw(now);
  }

  mark(property) {
    for (const [name, row] of this.rows) row.element.classList.toggle('chosen', name === property);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches('button')) return;
    const row = this.rows.get(event.target.closest('tr')?.dataset.key);
    if (!row) return;
    if (event.key === 'e' && row.isWritable) { event.preventDefault(); row.edit(); }
    if (event.key === 'h') { event.preventDefault(); this.choose(row.name); }
  }
}

class PropertyRow {
  constructor(table, item) {
    this.table = table;
    this.name = item.name;
    this.nameButton = h('button', { type: 'button', text: item.name, title: 'Show its history', on: { click: () => table.choose(item.name) } });
    this.kind = h('small');
    this.value = h('span', { class: 'v', text: '–' });
    this.unit = h('span', { class: 'unit' });
    this.quality = h('small', { class: 'quality' });
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    this.line = new Sparkline(this.canvas);
    this.age = h('time');
    this.wanted = h('span', { class: 'wanted' });
    this.fate = h('span', { class: 'chip', hidden: true });
    this.fateAge = h('time', { class: 'soft' });
    this.why = h('span', { class: 'why', hidden: true });
    this.set = h('button', { type: 'button', class: 'small', text: 'Set…', 'aria-label': `Set ${item.name}`, on: { click: guarded('write', () => this.edit()) } });
    this.valueCell = h('td', { class: 'p-value', role: 'cell' }, this.value, this.unit, this.quality);
    this.element = h('tr', { role: 'row', data: { key: item.name } },
      h('td', { class: 'p-name', role: 'cell' }, this.nameButton, this.kind), this.valueCell,
      h('td', { class: 'p-spark', role: 'cell' }, this.canvas), h('td', { class: 'p-age', role: 'cell' }, this.age),
      h('td', { class: 'p-desired', role: 'cell' },
        h('div', { class: 'line' }, this.set, this.wanted, this.fate, this.fateAge, this.why)));
  }

  update(item) {
    this.item = item;
    const { reported, desired, unit = '' } = item;
    this.isWritable = item.access === 'readWrite';
    this.hasLine = ['int', 'float', 'double', 'boolean'].includes(item.type);
    setText(this.kind, kindText(item));
    setText(this.value, showValue(reported?.value));
    setText(this.unit, reported?.value === null || reported === undefined ? '' : unit);
    this.value.title = exactValue(reported?.value);
    const quality = reported?.quality ?? 'good';
    const isFresh = this.valueCell.classList.contains('fresh');
    setClass(this.valueCell, `p-value${quality === 'good' ? '' : quality === 'bad' ? ' failed' : ' poor'}${isFresh ? ' fresh' : ''}`);
    setText(this.quality, quality === 'good' ? '' : [quality, reported.reason].filter(Boolean).join(': '));
    this.quality.title = reported?.error ?? '';
    setAge(this.age, reported?.time);
    if (reported?.time && this.hasLine) {
      this.line.add([{ t: Date.parse(reported.time), v: quality === 'bad' ? null : asNumber(reported.value) }]);
    }
    this.updateDesired(desired, unit, reported);
  }

  updateDesired(desired, unit, reported) {
    this.set.hidden = !this.isWritable;
    setText(this.wanted, desired ? withUnit(showValue(desired.value), unit) : '');
    this.fate.hidden = !desired;
    setAge(this.fateAge, desired?.stateTime ?? desired?.time, (age) => (age === 'now' ? 'now' : `${age} ago`));
    const reason = desired?.error || reported?.error || '';
    this.why.hidden = !reason;
    this.why.classList.toggle('waiting', desired?.state !== 'failed');
    setText(this.why, reason);
    if (!desired) return;
    const isNew = this.fateShown !== undefined && this.fateShown !== `${desired.version} ${desired.state}`;
    this.fateShown = `${desired.version} ${desired.state}`;
    setClass(this.fate, `chip ${fateLook[desired.state] ?? ''}`);
    setText(this.fate, desired.state);
    this.fate.title = `version ${desired.version}, by ${desired.origin}${desired.attempts ? `, ${desired.attempts} attempts` : ''}`;
    if (isNew) announce(`${this.name}: ${showValue(desired.value)} ${desired.state}${desired.error ? `: ${desired.error}` : ''}`);
  }

  flash() {
    this.valueCell.classList.remove('fresh');
    // Read, so that the browser notices that the class was away.
    void this.valueCell.offsetWidth;
    this.valueCell.classList.add('fresh');
  }

  edit() {
    if (this.editor) {
      this.editor.focus();
      return;
    }
    this.editor = new Editor(this.table.path, this.item, () => this.closeEditor());
    this.placeEditor();
    this.editor.focus();
  }

  closeEditor() {
    this.editor?.element.remove();
    this.editor = undefined;
    this.set.focus();
  }

  /** An editor that stands where it should is not moved: it would lose the focus. */
  placeEditor() {
    if (this.editor && this.element.nextElementSibling !== this.editor.element) this.element.after(this.editor.element);
  }
}

function kindText(item) {
  const range = item.min !== undefined || item.max !== undefined
    ? `${item.min ?? '…'} to ${item.max ?? '…'}${item.unit ? ` ${item.unit}` : ''}` : '';
  return [item.type, item.access === 'readOnly' ? 'read only' : range, item.mapped ? '' : 'over MQTT'].filter(Boolean).join(' · ');
}
