// SPDX-License-Identifier: Apache-2.0
// Looking for devices with a driver and adding what is found; and adding by a manifest.
import { get, Problem, query, request, segment, stream } from './api.js';
import { deviceLink } from './devices.js';
import { announce, field, h, setText } from './dom.js';
import { writeJSON } from './format.js';
import { guarded } from './login.js';

export function show(main, { signal }) {
  const driver = h('select', { 'aria-label': 'Driver' });
  const options = h('div', { class: 'options' });
  const namespace = h('input', { type: 'text', value: 'default', spellcheck: 'false' });
  const limit = h('select', {}, [['10s', '10 seconds'], ['60s', 'a minute'], ['600s', '10 minutes'], ['3600s', 'an hour']].map(([value, text]) =>
    h('option', { value, text, selected: value === '60s' })));
  const start = h('button', { type: 'submit', class: 'main', text: 'Scan' });
  const stop = h('button', { type: 'button', text: 'Stop', hidden: true });
  const bar = h('progress', { hidden: true, 'aria-label': 'Scan' });
  const status = h('p', { class: 'soft', role: 'status' });
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  const list = h('div');
  const found = h('section', { class: 'panel', 'aria-label': 'Found', hidden: true }, h('header', {}, h('h2', { text: 'Found' })), list);
  const form = h('form', {},
    h('div', { class: 'options' }, field('Driver', driver, 'Those of the mappers that can look for devices.'),
      field('Namespace', namespace, 'Of the devices that are added.'), field('At most', limit)),
    options, trouble, h('div', { class: 'buttons' }, start, stop), bar, status);
  form.noValidate = true;
  const empty = h('p', { class: 'empty', text: 'Loading…' });
  form.hidden = true;
  main.append(h('div', { class: 'head' }, h('h1', { tabindex: '-1', text: 'Discover' })),
    h('section', { class: 'panel', 'aria-label': 'Scan' }, h('header', {}, h('h2', { text: 'Look for devices' })), empty, h('div', { class: 'body' }, form)),
    found, manifestPanel(signal));

  const drivers = new Map();
  let fields = [];
  let scan;

  async function load() {
    try {
      const { items } = await get('/v1/mappers', signal);
      for (const mapper of items.filter((item) => item.state === 'running')) {
        for (const one of mapper.drivers.filter((item) => item.canScan)) drivers.set(one.id, mapper.file);
      }
      driver.replaceChildren(...[...drivers.keys()].sort().map((id) => h('option', { value: id, text: id })));
      form.hidden = drivers.size === 0;
      empty.hidden = drivers.size > 0;
      setText(empty, 'No mapper that runs here can look for devices.');
      if (drivers.size) await choose();
    } catch (error) {
      if (!signal.aborted) setText(empty, error.message);
    }
  }

  async function choose() {
    const id = driver.value;
    const mapper = await get(`/v1/mappers/${segment(drivers.get(id))}`, signal);
    const schema = mapper.drivers.find((one) => one.id === id)?.scanSchema ?? {};
    fields = Object.entries(schema.properties ?? {}).map(([name, property]) => optionField(name, property, schema.required?.includes(name)));
    const [plain, others] = [fields.filter((one) => !one.isRare), fields.filter((one) => one.isRare)];
    options.replaceChildren(...plain.map((one) => one.element));
    if (others.length) {
      options.append(h('details', {}, h('summary', { text: `${others.length} more` }), h('div', { class: 'options' }, others.map((one) => one.element))));
    }
  }

  async function run() {
    scan = new AbortController();
    const rows = new Map();
    list.replaceChildren();
    found.hidden = false;
    trouble.hidden = true;
    start.disabled = true;
    stop.hidden = false;
    bar.hidden = false;
    bar.removeAttribute('value');
    setText(status, 'Looking…');
    try {
      const body = `{${fields.map((one) => one.written()).filter(Boolean).join(',')}}`;
      const path = `/v1/drivers/${segment(driver.value)}/scan${query({ timeout: limit.value, namespace: namespace.value.trim() })}`;
      for await (const { event, data } of stream(path, { method: 'POST', body, signal: AbortSignal.any([signal, scan.signal]) })) {
        if (event === 'progress') {
          if (data.total) Object.assign(bar, { max: data.total, value: data.done });
          setText(status, `${data.done}${data.total ? ` of ${data.total}` : ''}${data.text ? `: ${data.text}` : ''}`);
        } else if (event === 'found') {
          rows.set(rows.size, foundRow(data, list));
        } else if (event === 'end') {
          const dropped = data.counts.dropped ? `, ${data.counts.dropped} left out` : '';
          setText(status, `${data.counts.found} found${dropped}${data.status === 'ok' ? '' : `; ended early: ${data.text || data.status}`}`);
          announce(status.textContent);
        }
      }
    } catch (error) {
      if (scan.signal.aborted) setText(status, `Stopped; ${rows.size} found until then`);
      else if (error instanceof Problem) {
        setText(status, '');
        trouble.hidden = false;
        trouble.textContent = problems(error);
      } else if (!signal.aborted) throw error;
    }
    if (rows.size === 0) list.replaceChildren(h('p', { class: 'empty', text: 'Nothing was found.' }));
    start.disabled = false;
    stop.hidden = true;
    bar.hidden = true;
  }

  driver.addEventListener('change', choose);
  stop.addEventListener('click', () => scan?.abort());
  form.addEventListener('submit', (event) => { event.preventDefault(); guarded('admin', run)(); });
  load();
}

function problems(error) {
  const list = (error.body.problems ?? []).map((problem) => [
    problem.line && `line ${problem.line}`, problem.argument ?? problem.path, problem.value !== undefined ? problem.value : 'missing',
    `expected ${problem.expected}`].filter(Boolean).join(': '));
  return list.length ? list.join('\n') : error.message;
}

// MARK: Options of a scan, from the driver's schema

function optionField(name, schema, isRequired) {
  const types = [schema.type].flat();
  const isBoolean = types[0] === 'boolean';
  const isObject = types[0] === 'object' || types[0] === 'array';
  const isNumber = types[0] === 'integer' || types[0] === 'number';
  const text = schema.default === undefined ? '' : String(schema.default);
  const input = schema.enum ? h('select', {}, !isRequired && h('option', { value: '', text: text ? `default: ${text}` : '–' }),
    schema.enum.map((value) => h('option', { value, text: String(value) })))
    : isBoolean ? h('input', { type: 'checkbox', checked: schema.default === true })
      : h('input', { type: schema['x-secret'] ? 'password' : 'text', inputmode: isNumber ? 'numeric' : 'text', placeholder: isObject ? '{…}' : text,
        autocomplete: 'off', spellcheck: 'false', required: isRequired });
  const range = isNumber && (schema.minimum !== undefined || schema.maximum !== undefined)
    ? `${schema.minimum ?? '…'} to ${schema.maximum ?? '…'}. ` : '';
  return {
    element: field(name, input, `${range}${schema.description ?? ''}`, isBoolean ? 'field check' : 'field'),
    isRare: isObject,
    /** `"name":value`; nothing where the default stands. */
    written() {
      if (isBoolean) return input.checked === (schema.default === true) ? '' : `${writeJSON(name)}:${input.checked}`;
      const value = input.value.trim();
      if (!value) return '';
      const isLiteral = (isNumber && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value)) || (isObject && isJSON(value));
      return `${writeJSON(name)}:${isLiteral ? value : writeJSON(value)}`;
    },
  };
}

function isJSON(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

// MARK: A find

function foundRow(device, list) {
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  const done = h('span', { role: 'status' });
  const editor = h('textarea', { rows: '12', spellcheck: 'false', 'aria-label': `Manifest of ${device.name}`,
    value: device.manifest ? JSON.stringify(device.manifest, null, 1) : '' });
  const add = h('button', { type: 'button', class: 'main small', text: device.exists ? 'Change' : 'Add', 'aria-label': `${device.exists ? 'Change' : 'Add'} ${device.name}` });
  add.addEventListener('click', guarded('admin', async () => {
    add.disabled = true;
    trouble.hidden = true;
    try {
      await request(`/v1/manifests${query({ source: device.name })}`, { method: 'PUT', body: editor.value });
      done.replaceChildren(h('a', { href: deviceLink(device.namespace, device.name), text: 'Added: open it' }));
      announce(`${device.name} was added.`);
      add.hidden = true;
    } catch (error) {
      trouble.hidden = false;
      trouble.textContent = problems(error);
      add.disabled = false;
    }
  }));
  const settings = Object.entries(device.settings ?? {}).map(([name, value]) => `${name} ${typeof value === 'object' ? writeJSON(value) : value}`);
  const element = h('div', { class: 'found', data: { found: device.name } },
    h('div', { class: 'line' }, h('h3', { text: device.name ?? device.title }), device.title && h('span', { text: device.title }),
      h('span', { class: 'chip', text: `${device.confidence} % sure` }),
      device.exists && h('span', { class: 'chip warn', text: 'is declared already' }),
      h('span', { class: 'push' }, done, device.manifest && add)),
    h('small', { text: [device.driver, ...settings].join(' · ') }),
    ...(device.notes ?? []).map((note) => h('span', { class: 'chip warn', text: note })), trouble,
    h('details', {}, h('summary', { text: `${device.properties.length} properties, manifest` }),
      h('ul', {}, device.properties.map((property) => h('li', {}, h('b', { text: property.name }), ' ',
        h('small', { text: [property.type, property.unit, property.access === 'readWrite' ? 'can be set' : '', property.summary].filter(Boolean).join(' · ') })))),
      device.manifest && editor));
  list.append(element);
  return element;
}

// MARK: By hand

function manifestPanel(signal) {
  const text = h('textarea', { rows: '10', spellcheck: 'false', placeholder: 'apiVersion: devices.kubeedge.io/v1beta1\nkind: Device\n…' });
  const result = h('p', { role: 'status' });
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  const form = h('form', {}, field('DeviceModel and Device, YAML or JSON', text), trouble, result,
    h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'main', text: 'Apply' })));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    guarded('admin', async () => {
      trouble.hidden = true;
      result.replaceChildren();
      try {
        const { changes } = await request('/v1/manifests', { method: 'PUT', body: text.value, type: 'application/yaml', signal });
        result.append(...changes.flatMap((change) => [
          change.kind === 'Device' ? h('a', { href: deviceLink(change.namespace, change.name), text: `${change.kind} ${change.name}` }) : `${change.kind} ${change.name}`,
          ` ${change.outcome}. `]));
      } catch (error) {
        trouble.hidden = false;
        trouble.textContent = problems(error);
      }
    })();
  });
  return h('section', { class: 'panel', 'aria-label': 'By a manifest' }, h('header', {}, h('h2', { text: 'Add by a manifest' })), h('div', { class: 'body' }, form));
}
