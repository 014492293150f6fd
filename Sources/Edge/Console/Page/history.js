// SPDX-License-Identifier: Apache-2.0
// What one property was: a plot with zoom, its numbers as a table, and export.
import { get, pause, query, segment } from './api.js';
import { asNumber } from './chart.js';
import { h, setText } from './dom.js';
import { durationText, preciseTime, serverNow, showValue, withUnit } from './format.js';
import { Plot } from './plot.js';

const ranges = [['5 min', 3e5], ['1 h', 36e5], ['6 h', 216e5], ['1 d', 864e5], ['7 d', 6048e5]];
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((seconds) => seconds * 1000);

export class HistoryPanel {
  constructor(path, signal, { chosen, first }) {
    this.path = path;
    this.signal = signal;
    this.chosen = chosen;
    this.first = first;
    this.span = 3e5;
    this.isFollowing = true;
    this.plot = new Plot((domain, isFinal) => this.moved(isFinal));
    this.plot.domain = { from: serverNow() - this.span, to: serverNow() };
    this.plot.reset = (follows) => this.goBack(follows);
    signal.addEventListener('abort', () => this.plot.close());
    this.select = h('select', { 'aria-label': 'Property of the plot', on: { change: () => this.choose(this.select.value) } });
    this.rangeButtons = ranges.map(([text, span]) => h('button', {
      type: 'button', class: 'small', text, 'aria-pressed': 'false', on: { click: () => { this.span = span; this.goBack(true); } },
    }));
    const tool = (text, label, act) => h('button', { type: 'button', class: 'small', text, 'aria-label': label, title: label, on: { click: act } });
    this.live = h('button', { type: 'button', class: 'small', text: 'Live', 'aria-pressed': 'true', on: { click: () => this.goBack(true) } });
    this.read = h('div', { class: 'read' });
    this.plot.read = (text) => { setText(this.read, text); this.read.hidden = !text; };
    this.note = h('span', { class: 'soft', role: 'status' });
    this.csv = h('a', { class: 'button small', text: 'CSV', download: true });
    this.lines = h('a', { class: 'button small', text: 'JSON', download: true });
    this.table = h('div', { class: 'samples' });
    this.details = h('details', { on: { toggle: () => this.fillTable() } }, h('summary', { text: 'As a table' }), this.table);
    this.drawing = h('div', { class: 'plot' }, this.plot.canvas, this.read);
    this.foot = h('div', { class: 'plot-foot' },
      tool('←', 'Earlier', () => this.plot.pan(-0.25)), tool('→', 'Later', () => this.plot.pan(0.25)),
      tool('+', 'Zoom in', () => this.plot.zoom(0.5)), tool('−', 'Zoom out', () => this.plot.zoom(2)), this.live,
      this.note, h('span', { class: 'push' }), this.csv, this.lines);
    this.empty = h('p', { class: 'empty', hidden: true });
    this.body = h('div', { class: 'body' }, this.drawing, this.foot, this.details);
    this.element = h('section', { class: 'panel', 'aria-label': 'History' },
      h('header', {}, h('h2', { text: 'History' }), this.select, h('div', { class: 'ranges push', role: 'group', 'aria-label': 'Time shown' }, this.rangeButtons)),
      this.empty, this.body);
    this.run();
  }

  update(device) {
    const properties = Object.entries(device.properties ?? {}).filter(([, { type }]) => type !== 'bytes' && type !== 'stream');
    this.properties = Object.fromEntries(properties);
    const names = properties.map(([name]) => name);
    if (names.join() !== this.names) {
      this.names = names.join();
      this.select.replaceChildren(...names.map((name) => h('option', { value: name, text: name })));
      const plotted = properties.find(([, { type }]) => type !== 'string')?.[0] ?? names[0];
      if (!names.includes(this.property)) this.choose(names.includes(this.first) ? this.first : plotted, true);
      this.select.value = this.property ?? '';
    }
    this.empty.hidden = names.length > 0 && !this.isAbsent;
    if (names.length === 0) setText(this.empty, 'The device has nothing that can be plotted.');
    this.body.hidden = names.length === 0 || this.isAbsent === true;
  }

  /** Live values go to the end of the line at once; the next question to the agent confirms them. */
  changed(properties) {
    const reported = properties[this.property]?.reported;
    if (!this.isFollowing || this.step || !reported?.time) return;
    const t = Date.parse(reported.time);
    if (t > (this.plot.points.at(-1)?.t ?? 0)) {
      this.plot.points.push({ t, v: reported.quality === 'bad' ? null : asNumber(reported.value), text: reported.value });
    }
  }

  choose(property, isQuiet) {
    if (!property) return;
    this.property = property;
    this.select.value = property;
    this.plot.points = [];
    this.chosen(property);
    this.load();
    if (!isQuiet) {
      const box = this.element.getBoundingClientRect();
      if (box.top < 0 || box.bottom > window.innerHeight) this.element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
      this.plot.canvas.focus({ preventScroll: true });
    }
  }

  // MARK: Which time

  goBack(follows) {
    this.isFollowing = follows || this.isFollowing;
    const now = serverNow();
    this.plot.domain = { from: now - this.span, to: now };
    this.plot.draw();
    this.showRange();
    this.load();
  }

  moved(isFinal) {
    const now = serverNow();
    // Who looks at the present goes on looking at it.
    this.isFollowing = Math.abs(this.plot.domain.to - now) < Math.max(1500, (this.plot.domain.to - this.plot.domain.from) * 0.02);
    this.span = this.plot.domain.to - this.plot.domain.from;
    this.showRange();
    if (isFinal) this.load();
  }

  showRange() {
    this.live.setAttribute('aria-pressed', String(this.isFollowing));
    ranges.forEach(([, span], at) => this.rangeButtons[at].setAttribute('aria-pressed', String(this.isFollowing && Math.abs(span - this.span) < 1)));
  }

  async run() {
    this.showRange();
    let turn = 0;
    while (!this.signal.aborted) {
      await pause(1000, this.signal);
      if (this.signal.aborted || document.hidden || !this.isFollowing || !this.property || this.plot.drag) continue;
      const now = serverNow();
      this.plot.domain = { from: now - this.span, to: now };
      this.plot.draw();
      turn += 1;
      if (turn % 5 === 0) this.load();
    }
  }

  // MARK: What it was

  async load() {
    if (!this.property || this.isAbsent) return;
    const { property } = this;
    const { from, to } = this.plot.domain;
    const { type, unit = '' } = this.properties[property] ?? {};
    this.plot.unit = unit;
    this.plot.isStepped = type === 'boolean' || type === 'int';
    const number = (this.number ?? 0) + 1;
    this.number = number;
    // One step for every other pixel; where a step is short, the samples themselves.
    const target = (to - from) / Math.max(100, this.plot.width / 2);
    const step = type === 'string' || target <= 1000 ? undefined : steps.find((size) => size >= target) ?? Math.ceil(target / 864e5) * 864e5;
    const place = `${this.path}/properties/${segment(property)}/history`;
    const window = { from: Math.floor(from), to: Math.ceil(to) };
    this.csv.href = `${this.path}/history/export${query({ property, ...window, format: 'csv' })}`;
    this.lines.href = `${this.path}/history/export${query({ property, ...window, format: 'jsonl' })}`;
    try {
      const answer = await get(`${place}${query({ ...window, step: step && `${step / 1000}s`, limit: step ? 2000 : 5000 })}`, this.signal);
      // An answer that a later question overtook says nothing any more.
      if (number !== this.number || this.signal.aborted) return;
      this.take(answer, step, type);
    } catch (error) {
      if (number !== this.number || this.signal.aborted || error.status === undefined) return;
      if (error.name === 'no-history' || error.name === 'not-found') this.showAbsent();
      else setText(this.note, error.message);
    }
  }

  take(answer, step, type) {
    this.step = step;
    const rows = answer.rows ?? [];
    const live = this.plot.points.filter((point) => point.text !== undefined && point.t > (rows.at(-1)?.[0] ?? 0));
    const points = step
      ? rows.map(([t, count, , low, high, average]) => ({ t: t + step / 2, v: count ? asNumber(average) : null, low: asNumber(low), high: asNumber(high) }))
      : rows.map(([t, value, quality]) => ({ t, v: quality === 'bad' ? null : asNumber(value), text: value }));
    for (const point of points) if (point.low === null) { delete point.low; delete point.high; }
    this.plot.points = this.isFollowing && !step ? [...points, ...live] : points;
    const distances = points.slice(1).map((point, at) => point.t - points[at].t).sort((a, b) => a - b);
    const usual = distances[Math.floor(distances.length / 2)] ?? 0;
    this.plot.gap = type === 'boolean' || type === 'string' ? undefined : Math.max(5000, usual * 5, (step ?? 0) * 2.5);
    this.plot.note = type === 'string' ? 'text is in the table below' : undefined;
    const total = step ? rows.reduce((sum, row) => sum + row[1], 0) : rows.length;
    setText(this.note, `${total} samples${step ? `, each point ${durationText(step)}` : ''}${answer.next ? ', the first of them' : ''}`);
    this.plot.canvas.setAttribute('aria-label', this.summary(answer));
    this.answer = answer;
    this.plot.draw();
    if (type === 'string') this.details.open = true;
    this.fillTable();
  }

  summary(answer) {
    const range = this.plot.range(this.plot.points);
    const numbers = this.plot.points.filter((point) => point.v !== null);
    if (!range || numbers.length === 0) return `${this.property}: nothing was recorded in the time shown`;
    const low = Math.min(...numbers.map((point) => point.low ?? point.v));
    const high = Math.max(...numbers.map((point) => point.high ?? point.v));
    return `${this.property} over ${durationText(this.span)}: from ${showValue(low)} to ${showValue(high)} ${answer.unit ?? ''}, last ${showValue(numbers.at(-1).v)}`;
  }

  showAbsent() {
    this.isAbsent = true;
    this.body.hidden = true;
    this.empty.hidden = false;
    setText(this.empty, 'This node keeps no history.');
  }

  fillTable() {
    if (!this.details.open || !this.answer) return;
    const { columns, rows, unit } = this.answer;
    const shown = rows.slice(-200).reverse();
    this.table.replaceChildren(h('table', {},
      h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col', class: name === 'time' ? undefined : 'number', text: name })))),
      h('tbody', {}, shown.map((row) => h('tr', {}, row.map((value, at) => h('td', { class: at ? 'number' : undefined,
        text: at === 0 ? preciseTime(value) : columns[at] === 'value' ? withUnit(showValue(value), unit) : showValue(value) })))))));
  }
}
