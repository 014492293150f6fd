// SPDX-License-Identifier: Apache-2.0
// The frame: which view is shown, the connection, who is logged in, colours and keys.
import { connection, get, identify, may, pause, session } from './api.js';
import { announce, dialog, h, isTyping } from './dom.js';
import { clock, setServerTime } from './format.js';
import * as device from './device.js';
import * as devices from './devices.js';
import * as discover from './discover.js';
import * as log from './log.js';
import * as login from './login.js';
import * as mappers from './mappers.js';
import * as node from './node.js';

const main = document.getElementById('main');
const views = { devices, discover, mappers, log, node };

// MARK: Views

let current;

/** `#/devices/default/pump-1?x=y` as {view, parts, query}. */
function place() {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { view: parts.shift() || 'devices', parts, query: new URLSearchParams(search) };
}

function show() {
  const { view, parts, query } = place();
  current?.abort();
  for (const box of document.querySelectorAll('dialog[open]')) box.close();
  current = new AbortController();
  const chosen = view === 'devices' && parts.length === 2 ? device : views[view];
  for (const link of document.querySelectorAll('#views a')) {
    if (link.hash === `#/${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  main.replaceChildren();
  window.scrollTo(0, 0);
  if (!chosen) {
    main.append(h('p', { class: 'empty', text: 'There is no such view.' }));
    return;
  }
  document.title = `${parts.length ? parts.join('/') : view[0].toUpperCase() + view.slice(1)} · Selvedge`;
  chosen.show(main, { parts, query, signal: current.signal });
  // A keyboard goes on from the view's top, a screen reader says where it is.
  if (shownBefore) main.querySelector('h1')?.focus();
  shownBefore = true;
}

let shownBefore = false;

// MARK: Connection

const banner = document.getElementById('banner');
const linkState = document.getElementById('link');
const nodeName = document.getElementById('node-name');

function showLost() {
  document.body.classList.add('lost');
  linkState.className = 'link bad';
  linkState.textContent = 'offline';
  banner.replaceChildren(
    h('span', { text: `No answer from the agent since ${clock(connection.lostAt)}. What is shown is as it was then; `
      + 'the console keeps trying.' }),
    h('button', { type: 'button', class: 'small', text: 'Try now', on: { click: () => ask() } }));
  banner.hidden = false;
}

function showBack() {
  document.body.classList.remove('lost');
  banner.hidden = true;
  announce('The agent answers again.');
}

/** The node's state and clock. */
async function ask() {
  try {
    const report = await get('/v1/node');
    setServerTime(report.time);
    nodeName.textContent = report.name;
    linkState.className = report.ready ? 'link good' : 'link warn';
    linkState.textContent = report.ready ? 'live' : 'not ready';
    linkState.title = report.ready ? `edgecore ${report.version}` : (report.notReady ?? []).join('\n');
  } catch (error) {
    if (error.status === 401) {
      linkState.className = 'link warn';
      linkState.textContent = 'logged out';
    }
  }
}

async function keepAsking() {
  while (true) {
    await ask();
    await pause(connection.lostAt === null ? 5000 : 2000);
    while (document.hidden) await pause(1000);
  }
}

// MARK: Who asks

const user = document.getElementById('user');
const notice = document.getElementById('notice');

function showIdentity() {
  user.hidden = session.scope === undefined;
  const isKnown = session.scope !== undefined && session.scope !== 'none' && session.name !== 'anybody';
  user.textContent = isKnown ? session.name : 'Log in';
  user.title = isKnown ? `scope ${session.scope}` : '';
  notice.hidden = may('write') || session.needsToken;
  notice.replaceChildren(
    h('span', {}, 'Read only: ', session.name === 'anybody' || !session.name
      ? 'nothing says who asks on this address. ' : 'this token may not change anything. ',
    'Values cannot be set here, methods not called, devices not added.'),
    h('button', { type: 'button', class: 'small', text: 'How to log in', on: { click: () => login.open() } }));
}

let lastScope;

async function begin() {
  connection.addEventListener('lost', showLost);
  connection.addEventListener('back', () => { showBack(); refreshIdentity(); });
  connection.addEventListener('denied', () => login.open());
  connection.addEventListener('identity', () => {
    showIdentity();
    const known = `${session.scope}/${session.name}`;
    if (lastScope !== undefined && lastScope !== known) show();
    lastScope = known;
  });
  user.addEventListener('click', () => login.open());
  await refreshIdentity();
  window.addEventListener('hashchange', show);
  show();
  keepAsking();
}

async function refreshIdentity() {
  try { await identify(); } catch { /* the banner says it */ }
}

// MARK: Colours

const theme = document.getElementById('theme');
const themes = ['system', 'light', 'dark'];

function chosenTheme() {
  try { return themes.includes(localStorage.theme) ? localStorage.theme : 'system'; } catch { return 'system'; }
}

function applyTheme(name) {
  if (name === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = { system: '◐', light: '☀', dark: '☾' }[name];
  theme.setAttribute('aria-label', `Colours: ${name === 'system' ? 'as the system' : name}`);
  theme.title = theme.getAttribute('aria-label');
  document.dispatchEvent(new Event('themechange'));
}

function nextTheme() {
  const name = themes[(themes.indexOf(chosenTheme()) + 1) % themes.length];
  try { localStorage.theme = name; } catch { /* not kept then */ }
  applyTheme(name);
  announce(theme.getAttribute('aria-label'));
}

theme.addEventListener('click', nextTheme);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => applyTheme(chosenTheme()));

// MARK: Keys

const keys = [
  ['Everywhere', [['?', 'these keys'], ['/', 'search'], ['t', 'colours: system, light, dark'],
    ['g d', 'devices'], ['g f', 'discover'], ['g m', 'mappers'], ['g l', 'log'], ['g n', 'node']]],
  ['In tables', [['↓ ↑ or j k', 'next, previous row'], ['Enter', 'open'], ['Home End', 'first, last row'],
    ['] [', 'next, previous page']]],
  ['A device', [['e', 'set the value of the property under the focus'], ['h', 'its history'], ['Esc', 'close the editor'],
    ['u', 'back to the devices']]],
  ['The plot', [['← →', 'earlier, later'], ['+ −', 'zoom in, out'], ['0', 'follow again'], ['Home', 'back to where it was']]],
];

function showKeys() {
  return dialog('Keyboard', (close) => [
    h('div', { class: 'keys' }, keys.flatMap(([title, list]) => [
      h('h3', { text: title }),
      ...list.flatMap(([key, text]) => [h('span', {}, h('kbd', { text: key })), h('span', { text })]),
    ])),
    h('div', { class: 'buttons end' }, h('button', { type: 'button', text: 'Close', on: { click: () => close() } })),
  ]);
}

document.getElementById('help').addEventListener('click', showKeys);

const goTo = { d: '#/devices', f: '#/discover', m: '#/mappers', l: '#/log', n: '#/node' };
let prefix = '';

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector('dialog[open]')) return;
  const key = event.key;
  if (prefix === 'g') {
    prefix = '';
    if (goTo[key]) {
      event.preventDefault();
      location.hash = goTo[key];
      return;
    }
  }
  if (key === 'g') prefix = 'g';
  else if (key === '?') showKeys();
  else if (key === 't') nextTheme();
  else if (key === 'u' && place().parts.length) location.hash = '#/devices';
  else if (key === '/') {
    const search = document.querySelector('[data-search]');
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (key === ']' || key === '[') document.querySelector(`[data-page="${key}"]:not(:disabled)`)?.click();
});

applyTheme(chosenTheme());
begin();
