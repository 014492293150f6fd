// SPDX-License-Identifier: Apache-2.0
// One device: its link, its properties as they change, its history, methods and log.
import { devicePath, follow, get, pause, query, request } from './api.js';
import { announce, confirmed, h, setClass, setText } from './dom.js';
import { stateLook } from './devices.js';
import { setAge } from './format.js';
import { HistoryPanel } from './history.js';
import { guarded } from './login.js';
import { EventList } from './log.js';
import { MethodPanel } from './methods.js';
import { PropertyTable } from './properties.js';

export function show(main, { parts: [namespace, name], query: place, signal }) {
  const path = devicePath(namespace, name);
  const head = new Head(namespace, name);
  const table = new PropertyTable(path, signal, { choose: (property) => history.choose(property) });
  const history = new HistoryPanel(path, signal, { chosen: (property) => table.mark(property), first: place.get('property') });
  const methods = new MethodPanel(path, signal);
  const events = new EventList({ query: { device: `${namespace}/${name}` }, signal, isShort: true, limit: 20 });
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  main.append(head.element, trouble, table.element,
    h('div', { class: 'facing' },
      h('div', {}, history.element),
      h('div', {}, methods.element, panel('Log of this device', events.element))));

  let device;

  async function load() {
    try {
      device = await get(path, signal);
      if (signal.aborted) return false;
      trouble.hidden = true;
      draw();
      table.seed();
      methods.load();
      return true;
    } catch (error) {
      if (signal.aborted || error.status === undefined) return false;
      trouble.hidden = false;
      trouble.textContent = error.status === 404 ? `There is no device ${namespace}/${name}. It shows here once it comes.` : error.message;
      return false;
    }
  }

  function draw() {
    head.update(device);
    table.update(device);
    history.update(device);
  }

  /** A change has those properties only that changed, and neither `inSync` nor `counts`. */
  function take({ event, data }) {
    if (event === 'removed') {
      trouble.hidden = false;
      trouble.textContent = `${namespace}/${name} was removed.`;
      device = undefined;
      head.update({ link: { state: 'unavailable', reason: 'removed' } });
      return;
    }
    if (event !== 'device') return;
    if (!device) {
      load();
      return;
    }
    const properties = { ...device.properties };
    for (const [property, change] of Object.entries(data.properties ?? {})) properties[property] = change;
    device = { ...device, ...data, properties };
    draw();
    table.changed(data.properties ?? {});
    history.changed(data.properties ?? {});
  }

  (async () => {
    // A device that is not there yet is waited for by the watch.
    await load();
    await follow(`/v1/watch${query({ device: `${namespace}/${name}` })}`, take, { signal });
  })();

  (async () => {
    while (!signal.aborted) {
      await pause(1000, signal);
      if (!document.hidden && !signal.aborted) table.tick();
    }
  })();
}

export function panel(title, ...children) {
  return h('section', { class: 'panel', 'aria-label': title }, h('header', {}, h('h2', { text: title })), children);
}

/** Name, link state and where it stands. */
class Head {
  constructor(namespace, name) {
    this.state = h('span', { class: 'state' }, h('span', { text: '…' }));
    this.reason = h('span', { class: 'soft' });
    this.since = h('time', { class: 'soft' });
    this.kind = h('span');
    this.labels = h('span', { class: 'labels' });
    this.versions = h('span');
    const remove = guarded('admin', async () => {
      const isMeant = await confirmed(`Remove ${name}?`,
        'Its manifest is deleted, and with it the desired values. The device itself is left alone.', 'Remove');
      if (!isMeant) return;
      try {
        await request(`/v1/manifests/Device/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`, { method: 'DELETE' });
        location.hash = '#/devices';
      } catch (error) {
        announce(error.message);
        setText(this.reason, error.message);
      }
    });
    this.element = h('div', { class: 'head' },
      h('h1', { tabindex: '-1' }, h('span', { class: 'crumb' }, h('a', { href: '#/devices', text: 'Devices' }), ' / ',
        namespace !== 'default' ? `${namespace} / ` : ''), name),
      this.state, this.reason, this.since,
      h('button', { type: 'button', class: 'quiet push', text: 'Remove…', on: { click: remove } }),
      h('div', { class: 'subtle' }, this.kind, this.versions, this.labels));
  }

  update(device) {
    setClass(this.state, `state ${stateLook[device.link.state] ?? 'idle'}`);
    setText(this.state.firstChild, device.link.state);
    setText(this.reason, device.link.reason ?? '');
    setAge(this.since, device.link.since, (age) => (age === 'now' ? 'just now' : `for ${age}`));
    setText(this.kind, [device.model && `model ${device.model}`, device.protocol && `driver ${device.protocol}`].filter(Boolean).join(' · '));
    setText(this.versions, device.desiredVersion === undefined ? ''
      : `desired version ${device.desiredVersion} · reported version ${device.reportedVersion}`);
    const labels = Object.entries(device.labels ?? {}).map(([name, value]) => (value ? `${name}=${value}` : name));
    if (this.shownLabels === labels.join()) return;
    this.shownLabels = labels.join();
    this.labels.replaceChildren(...labels.map((text) => h('span', { class: 'chip', text })));
  }
}
