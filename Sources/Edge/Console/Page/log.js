// SPDX-License-Identifier: Apache-2.0
// What happened on the node: who changed what, what became of it, links, mappers, the agent itself.
import { follow, get, query } from './api.js';
import { deviceLink } from './devices.js';
import { h, setText } from './dom.js';
import { preciseTime, setAge, shortTime } from './format.js';

const kinds = [['change', 'Changes'], ['outcome', 'Outcomes'], ['link', 'Links'], ['mapper', 'Mappers'], ['node', 'Node']];
const look = { info: '', warning: 'warn', error: 'bad' };
const most = 1000;

export function show(main, { query: place, signal }) {
  const chosen = new Set((place.get('kind') ?? '').split(',').filter(Boolean));
  let level = place.get('level') ?? '';
  let list;
  let own;
  const box = h('section', { class: 'panel', 'aria-label': 'Log' });
  const chips = kinds.map(([kind, text]) => h('button', {
    type: 'button', class: 'small', text, 'aria-pressed': String(chosen.has(kind)), on: { click: (event) => {
      if (!chosen.delete(kind)) chosen.add(kind);
      event.currentTarget.setAttribute('aria-pressed', String(chosen.has(kind)));
      restart();
    } },
  }));
  const levels = h('select', { 'aria-label': 'From which level on', on: { change: (event) => { level = event.target.value; restart(); } } },
    [['', 'everything'], ['warning', 'warnings and errors'], ['error', 'errors']].map(([value, text]) => h('option', { value, text, selected: value === level })));
  main.append(h('div', { class: 'head' }, h('h1', { tabindex: '-1', text: 'Log' })),
    h('div', { class: 'toolbar' }, ...chips, levels), box);

  function restart() {
    own?.abort();
    own = new AbortController();
    const filter = { kind: [...chosen].join(','), level };
    history.replaceState(null, '', `#/log${query(filter)}`);
    list = new EventList({ query: filter, signal: AbortSignal.any([signal, own.signal]), limit: 100 });
    box.replaceChildren(list.element);
  }
  restart();
}

/** The newest events of a filter, growing at the top as they come and at the bottom when asked. */
export class EventList {
  constructor({ query: filter, signal, isShort = false, limit }) {
    this.filter = filter;
    this.signal = signal;
    this.isShort = isShort;
    this.limit = limit;
    this.known = new Set();
    this.list = h('div', { class: isShort ? 'log short' : 'log', role: 'log', 'aria-label': 'Events, newest first' });
    this.empty = h('p', { class: 'empty', text: 'Loading…' });
    this.older = h('button', { type: 'button', class: 'small', text: 'Older', hidden: true, on: { click: () => this.load(this.next) } });
    this.element = h('div', {}, this.list, this.empty, h('div', { class: 'pager', hidden: true }, this.older));
    this.begin();
  }

  async begin() {
    if (!(await this.load())) return;
    await follow(`/v1/events/stream${query(this.filter)}`, ({ event, data }) => {
      if (event === 'event') this.add([data], true);
      else if (event === 'missed') this.list.prepend(h('p', { class: 'empty', text: `${data.count} events came too fast to be shown here.` }));
    }, { signal: this.signal });
  }

  async load(before) {
    try {
      const page = await get(`/v1/events${query({ ...this.filter, before, limit: this.limit })}`, this.signal);
      this.next = page.continue;
      this.add(page.items, false);
      this.older.hidden = !this.next || this.known.size >= most;
      this.older.parentElement.hidden = this.older.hidden;
      setText(this.empty, 'Nothing yet.');
      this.empty.hidden = this.known.size > 0;
      return true;
    } catch (error) {
      if (this.signal.aborted || error.status === undefined) return false;
      this.empty.hidden = false;
      setText(this.empty, error.status === 404 ? 'This node keeps no log of changes.' : error.message);
      return false;
    }
  }

  add(items, isNew) {
    for (const item of items) {
      if (this.known.has(String(item.id))) continue;
      this.known.add(String(item.id));
      const element = this.entry(item);
      if (isNew) {
        element.classList.add('new');
        this.list.prepend(element);
      } else {
        this.list.append(element);
      }
    }
    // Old ones go when it gets long; "Older" brings them back after a restart of the view.
    while (this.list.childElementCount > most) this.list.lastElementChild.remove();
    this.empty.hidden = this.known.size > 0;
  }

  entry(item) {
    const time = h('time', { datetime: item.time, title: preciseTime(Date.parse(item.time)) });
    if (this.isShort) setAge(time, item.time, (age) => (age === 'now' ? 'now' : `${age} ago`));
    else time.textContent = shortTime(Date.parse(item.time));
    const [namespace, name] = (item.device ?? '').split('/');
    const text = shortened(item);
    const who = item.caller ? [item.caller.name, item.caller.source].filter(Boolean).join(', ') : '';
    const what = h('div', { class: 'what' },
      name && !this.isShort && h('a', { href: deviceLink(namespace, name), text: namespace === 'default' ? name : item.device }), name && !this.isShort && ' ',
      h('span', { text }), item.problem && h('div', { class: 'why', text: item.problem }));
    const kind = h('span', { class: `chip ${look[item.level] ?? ''}`, text: item.action || item.kind, title: `${item.kind}, ${item.level}` });
    return h('div', { class: 'entry', data: { kind: item.kind, id: item.id } }, time,
      this.isShort ? what : kind, this.isShort ? undefined : what, h('span', { class: 'who', text: who && `by ${who}` }));
  }
}

/** Without the device at its front, which is a link here, and the reason at its end, which has a line of its own. */
function shortened({ text, device, problem }) {
  let short = text;
  for (const sign of [': ', ' ']) {
    if (device && short.startsWith(device + sign)) short = short.slice(device.length + sign.length);
  }
  return problem && short.endsWith(`: ${problem}`) ? short.slice(0, -problem.length - 2) : short;
}
