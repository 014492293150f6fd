// SPDX-License-Identifier: Apache-2.0
// The mapper libraries: how they are, how often they had to be started again and why.
import { get, pause } from './api.js';
import { h, keyed, setClass, setText } from './dom.js';
import { setAge } from './format.js';

export const mapperLook = { running: 'good', starting: 'busy', restarting: 'warn', refused: 'bad', removed: 'idle' };

const meters = [['devices', 'devices'], ['lanes', 'lanes'], ['reads', 'reads'], ['readFailures', 'failed reads', true], ['writes', 'writes'],
  ['writeFailures', 'failed writes', true], ['samples', 'samples'], ['missedCycles', 'missed cycles', true], ['droppedSamples', 'dropped samples', true]];

export function show(main, { signal }) {
  const cards = h('div', { class: 'cards' });
  const empty = h('p', { class: 'empty', text: 'Loading…' });
  main.append(h('div', { class: 'head' }, h('h1', { tabindex: '-1', text: 'Mappers' })), cards, empty);
  const rows = new Map();
  (async () => {
    while (!signal.aborted) {
      if (!document.hidden) {
        try {
          const { items } = await get('/v1/mappers', signal);
          keyed(cards, rows, items, (item) => item.file, createCard);
          empty.hidden = items.length > 0;
          setText(empty, 'No mapper library is in the mappers folder. Drop one in: it is loaded at once.');
        } catch (error) {
          if (!signal.aborted && error.status) setText(empty, error.message);
        }
      }
      await pause(2000, signal);
    }
  })();
}

function createCard(mapper) {
  const state = h('span', { class: 'state' }, h('span'));
  const about = h('small');
  const message = h('p', { class: 'trouble', hidden: true });
  const since = h('time');
  const facts = h('dl', { class: 'facts' });
  const faultAge = h('time');
  const faultText = h('div', { class: 'mono' });
  const fault = h('div', { class: 'fault', hidden: true }, h('b', { text: 'Last fault ' }), faultAge, faultText);
  const boxes = meters.map(([name, title, isOdd]) => ({ name, isOdd, number: h('b', { text: '–' }), title }));
  const tiles = boxes.map((box) => { box.element = h('div', {}, box.number, h('small', { text: box.title })); return box.element; });
  const drivers = h('div');
  const element = h('section', { class: 'panel mapper', 'aria-label': mapper.file, data: { mapper: mapper.file } },
    h('header', {}, h('h2', { text: mapper.file }), about, h('span', { class: 'push' }, state)),
    h('div', { class: 'body' }, message, facts, fault, h('div', { class: 'meters' }, tiles), drivers));
  let shown = '';
  return {
    element,
    update(now) {
      setClass(state, `state ${mapperLook[now.state] ?? 'idle'}`);
      setText(state.firstChild, now.state);
      setText(about, [now.name, now.version].filter(Boolean).join(' '));
      setText(message, now.message ?? '');
      message.hidden = !now.message;
      setAge(since, now.startTime, (age) => (age === 'now' ? '1 s' : age));
      const restarts = now.restarts ?? 0;
      fault.hidden = !now.lastFault;
      setText(faultText, now.lastFault ?? '');
      setAge(faultAge, now.lastFaultTime, (age) => (age === 'now' ? 'just now' : `${age} ago`));
      for (const box of boxes) {
        const count = now.counters?.[box.name] ?? 0;
        setText(box.number, String(count));
        box.element.classList.toggle('odd', Boolean(box.isOdd && count));
      }
      const text = JSON.stringify([now.isolation, now.processID, restarts, now.startTime, now.drivers, now.hash]);
      if (text === shown) return;
      shown = text;
      facts.replaceChildren(
        ...fact('Runs', now.startTime ? h('span', {}, 'for ', since) : '–'),
        ...fact('Restarts', h('b', { class: 'restarts', text: String(restarts) })),
        ...fact('Process', now.isolation === 'inProcess' ? 'inside the agent' : now.processID ? `of its own, ${now.processID}` : 'of its own'),
        ...(now.hash ? fact('File', h('span', { class: 'mono', text: now.hash.slice(0, 12), title: now.hash })) : []));
      drivers.replaceChildren(...(now.drivers ?? []).map((driver) => h('details', {},
        h('summary', { text: `Driver ${driver.id}${driver.title ? `: ${driver.title}` : ''}` }),
        h('small', { text: [driver.canScan && 'looks for devices', driver.canDescribe && 'asks devices what they have',
          driver.methods?.length && `methods ${driver.methods.map((method) => method.name).join(', ')}`,
          driver.extensions?.length && `extensions ${driver.extensions.join(', ')}`].filter(Boolean).join('; ') || 'reads and writes' }))));
    },
  };
}

function fact(title, value) { return [h('dt', { text: title }), h('dd', {}, value)]; }
