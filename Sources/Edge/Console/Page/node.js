// SPDX-License-Identifier: Apache-2.0
// The agent itself: whether it does its work, what is wrong with the manifests, and its counters.
import { get, pause } from './api.js';
import { h, setText } from './dom.js';
import { durationText, preciseTime, showValue } from './format.js';

export function show(main, { signal }) {
  const head = h('h1', { tabindex: '-1', text: 'Node' });
  const state = h('span', { class: 'state' }, h('span'));
  const reasons = h('p', { class: 'trouble', hidden: true });
  const facts = h('dl', { class: 'facts' });
  const wrong = h('div');
  const counters = h('div', { class: 'cards' });
  main.append(h('div', { class: 'head' }, head, state), reasons,
    h('section', { class: 'panel', 'aria-label': 'The agent' }, h('div', { class: 'body' }, facts)), wrong, counters);

  async function load() {
    const node = await get('/v1/node', signal);
    setText(head, node.name);
    state.className = `state ${node.ready ? 'good' : 'warn'}`;
    setText(state.firstChild, node.ready ? 'ready' : 'not ready');
    reasons.hidden = node.ready;
    setText(reasons, (node.notReady ?? []).join('\n'));
    const start = Date.parse(node.startTime);
    facts.replaceChildren(
      ...[['Version', node.version], ['Runs', `for ${durationText(Date.parse(node.time) - start)}, since ${preciseTime(start).slice(0, -4)}`],
        ['Devices', String(node.devices)], ['Modules', (node.modules ?? []).join(', ')]].flatMap(([title, text]) => [h('dt', { text: title }), h('dd', { text })]));
    counters.replaceChildren(...Object.entries(node.counters ?? {}).map(([module, members]) => section(module, members)));
  }

  async function loadManifests() {
    try {
      const { problems } = await get('/v1/manifests', signal);
      wrong.replaceChildren(problems.length ? h('section', { class: 'panel', 'aria-label': 'Manifests' },
        h('header', {}, h('h2', { text: 'Wrong in the manifests' })),
        h('div', { class: 'body' }, problems.map((problem) => h('p', { class: 'trouble' }, h('b', { text: [problem.file, problem.line].filter(Boolean).join(':') }),
          ` ${[problem.path, problem.value].filter((part) => part !== undefined && part !== '').join(': ')}: expected ${problem.expected}`)))) : '');
    } catch { /* a node whose devices come from the cloud has none */ }
  }

  (async () => {
    while (!signal.aborted) {
      if (!document.hidden) {
        try {
          await load();
          await loadManifests();
        } catch (error) {
          if (signal.aborted) return;
          if (error.status === undefined) throw error;
          reasons.hidden = false;
          setText(reasons, error.message);
        }
      }
      await pause(3000, signal);
    }
  })();
}

/** Counters are numbers, or groups of numbers one level deeper. */
function section(title, members) {
  const rows = typeof members === 'object' && members !== null ? flatten(members) : [[title, members]];
  return h('section', { class: 'panel', 'aria-label': title }, h('header', {}, h('h2', { text: title })),
    h('div', { class: 'body' }, h('dl', { class: 'facts' }, rows.flatMap(([name, value]) => [h('dt', { text: name }), h('dd', { text: showValue(value) })]))));
}

function flatten(members, prefix = '') {
  return Object.entries(members).flatMap(([name, value]) => (
    typeof value === 'object' && value !== null && !Array.isArray(value) ? flatten(value, `${prefix}${name}.`) : [[prefix + name, value]]));
}
