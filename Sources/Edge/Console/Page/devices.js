// SPDX-License-Identifier: Apache-2.0
// All devices, a page at a time: filtered, sorted and cut by the agent, so that ten thousand cost no more than ten.
import { get, pause, query } from './api.js';
import { h, keyed, setClass, setText, walkable } from './dom.js';
import { setAge, shortTime } from './format.js';

const pageSize = 100;
const refresh = 3000;

export const stateLook = { online: 'good', degraded: 'warn', connecting: 'busy', offline: 'bad', unavailable: 'idle' };
const states = Object.keys(stateLook);

/** The grammar's own signs: what has them is an expression, all else is a part of a name. */
const expression = /[=<>!()"]|\b(and|or|not|in|like|prefix)\b/;

export function searchText(text) {
  const search = text.trim();
  if (!search) return undefined;
  return expression.test(search) ? search : `name like "*${search.replace(/["\\*?]/g, '')}*"`;
}

export function show(main, { query: place, signal }) {
  const view = {
    search: place.get('q') ?? '', states: new Set((place.get('state') ?? '').split(',').filter(Boolean)),
    sort: place.get('sort') ?? '', tokens: [undefined], next: undefined,
  };
  const search = h('input', {
    type: 'search', class: 'search', placeholder: 'Name, or a condition: temperature.reported > 80', value: view.search,
    'aria-label': 'Search devices by name or condition', data: { search: '' }, spellcheck: 'false',
  });
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  const chips = states.map((state) => h('button', {
    type: 'button', class: 'small', 'aria-pressed': String(view.states.has(state)), data: { state },
    on: { click: (event) => { toggle(state, event.currentTarget); } },
  }, h('span', { class: `state ${stateLook[state]}` }, h('span', { text: state }))));
  const head = [
    heading('State', 'link.state'), heading('Device', 'name'), h('th', { scope: 'col', text: 'Model · protocol' }),
    h('th', { scope: 'col', text: 'Needs a look' }), h('th', { scope: 'col', text: 'Labels' }),
    h('th', { scope: 'col', text: 'Since' }),
  ];
  const body = h('tbody', { role: 'rowgroup' });
  const empty = h('p', { class: 'empty', text: 'Loading…' });
  const count = h('span', { class: 'soft', role: 'status' });
  const previous = pageButton('[', 'Previous', () => { view.tokens.pop(); load(); });
  const following = pageButton(']', 'Next', () => { view.tokens.push(view.next); load(); });
  main.append(
    h('div', { class: 'head' }, h('h1', { tabindex: '-1', text: 'Devices' }),
      h('a', { class: 'push', href: '#/discover', text: 'Add a device' })),
    h('div', { class: 'toolbar' }, search, ...chips), trouble,
    h('section', { class: 'panel', 'aria-label': 'Devices' },
      h('table', { class: 'rows devices', role: 'table' },
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)), body),
      empty, h('div', { class: 'pager' }, count, h('span', { class: 'push' }), previous, following)));
  walkable(body, '.name a');

  const rows = new Map();
  let turn = 0;

  async function load() {
    turn += 1;
    const own = turn;
    remember(view);
    try {
      const page = await get(`/v1/devices${query({
        limit: pageSize, continue: view.tokens.at(-1), state: [...view.states].join(','), sort: view.sort,
        where: searchText(view.search),
      })}`, signal);
      if (own !== turn || signal.aborted) return;
      trouble.hidden = true;
      view.next = page.continue;
      keyed(body, rows, page.items, (item) => `${item.namespace}/${item.name}`, createRow);
      describe(page.items.length);
    } catch (error) {
      if (own !== turn || signal.aborted || !error.status) return;
      // A page that is gone, because devices or the order changed meanwhile.
      if (error.body.parameter?.startsWith('continue') && view.tokens.length > 1) {
        view.tokens = [undefined];
        load();
        return;
      }
      trouble.textContent = error.message;
      trouble.hidden = false;
      if (rows.size === 0) setText(empty, 'Nothing to show.');
    }
  }

  function describe(shown) {
    const first = (view.tokens.length - 1) * pageSize;
    setText(count, shown ? `${first + 1}–${first + shown}${view.next ? ' of more' : ` of ${first + shown}`}` : '');
    previous.disabled = view.tokens.length === 1;
    following.disabled = !view.next;
    empty.hidden = shown > 0;
    setText(empty, view.search || view.states.size ? 'No device is like that.'
      : 'There are no devices yet. Discover adds those that a driver finds, or paste a manifest there.');
  }

  function heading(title, key) {
    const cell = h('th', { scope: 'col', role: 'columnheader' });
    cell.append(h('button', { type: 'button', text: title, on: { click: () => {
      view.sort = view.sort === key ? `-${key}` : view.sort === `-${key}` ? '' : key;
      mark();
      restart();
    } } }));
    cell.mark = () => {
      if (view.sort === key) cell.setAttribute('aria-sort', 'ascending');
      else if (view.sort === `-${key}`) cell.setAttribute('aria-sort', 'descending');
      else cell.removeAttribute('aria-sort');
    };
    cell.mark();
    return cell;
  }

  function mark() { for (const cell of head) cell.mark?.(); }

  function pageButton(key, title, act) {
    return h('button', { type: 'button', class: 'small', text: title, data: { page: key }, disabled: true, on: { click: act } });
  }

  function restart() {
    view.tokens = [undefined];
    load();
  }

  function toggle(state, button) {
    if (!view.states.delete(state)) view.states.add(state);
    button.setAttribute('aria-pressed', String(view.states.has(state)));
    restart();
  }

  let typing;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => { view.search = search.value; restart(); }, 250);
  });
  search.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') body.querySelector('.name a')?.focus();
    if (event.key === 'Escape' && search.value) {
      search.value = '';
      view.search = '';
      restart();
    }
  });

  (async () => {
    await load();
    while (!signal.aborted) {
      await pause(refresh, signal);
      if (!document.hidden && !signal.aborted) await load();
    }
  })();
}

/** The address keeps what is shown, for bookmarks and the way back. */
function remember(view) {
  const text = query({ q: view.search.trim(), state: [...view.states].join(','), sort: view.sort });
  history.replaceState(null, '', `#/devices${text}`);
}

export function deviceLink(namespace, name) {
  return `#/devices/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}

function createRow(device) {
  const state = h('span', { class: 'state' }, h('span'));
  const link = h('a', { href: deviceLink(device.namespace, device.name), text: device.name });
  const kind = h('span', { class: 'soft' });
  const marks = h('div', { class: 'marks' });
  const labels = h('div', { class: 'labels' });
  const seen = h('time');
  const element = h('tr', { role: 'row', data: { key: `${device.namespace}/${device.name}` }, on: { click: (event) => {
    if (!event.target.closest('a') && !getSelection().toString()) link.click();
  } } },
  cell('state-cell', state), cell('name', link, device.namespace !== 'default' && h('small', { text: device.namespace })),
  cell('kind-cell', kind), cell('marks-cell', marks), cell('labels-cell', labels), cell('seen soft', seen));
  let shown = '';
  return {
    element,
    update(now) {
      setClass(state, `state ${stateLook[now.link.state] ?? 'idle'}`);
      setText(state.firstChild, now.link.state);
      state.title = now.link.reason ?? '';
      setText(kind, [now.model, now.protocol].filter(Boolean).filter((text, at, all) => all.indexOf(text) === at).join(' · '));
      setAge(seen, now.link.since);
      const text = JSON.stringify([now.counts, now.labels, now.link.reason]);
      if (text === shown) return;
      shown = text;
      marks.replaceChildren(...marksOf(now));
      labels.replaceChildren(...Object.entries(now.labels ?? {}).slice(0, 4).map(([name, value]) =>
        h('span', { class: 'chip', text: value ? `${name}=${value}` : name })));
    },
  };
}

function cell(name, ...children) { return h('td', { role: 'cell', class: name || undefined }, children); }

function marksOf({ counts, link }) {
  const marks = [];
  if (counts?.failed) marks.push(h('span', { class: 'chip bad', text: `${counts.failed} failed` }));
  if (counts?.pending) marks.push(h('span', { class: 'chip busy', text: `${counts.pending} pending` }));
  if (counts?.bad) marks.push(h('span', { class: 'chip warn', text: `${counts.bad} bad` }));
  if (link.reason && link.state !== 'online') marks.push(h('small', { text: link.reason }));
  if (link.lastOnline && link.state !== 'online') marks.push(h('small', {}, 'last online ', h('time', { datetime: link.lastOnline, text: shortTime(Date.parse(link.lastOnline)) })));
  return marks;
}
