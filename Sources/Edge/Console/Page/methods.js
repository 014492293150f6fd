// SPDX-License-Identifier: Apache-2.0
// What a device can do: each method of its driver with a form for its arguments.
import { get, query, request, segment } from './api.js';
import { confirmed, field, h } from './dom.js';
import { durationText, exactValue, writeJSON } from './format.js';
import { guarded } from './login.js';

const wholeNumber = /^-?(0|[1-9]\d*)$/;
const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

export class MethodPanel {
  constructor(path, signal) {
    this.path = path;
    this.signal = signal;
    this.list = h('div', {}, h('p', { class: 'empty', text: 'Loading…' }));
    this.element = h('section', { class: 'panel', 'aria-label': 'Methods' }, h('header', {}, h('h2', { text: 'Methods' })), this.list);
  }

  async load() {
    try {
      const { items } = await get(`${this.path}/methods`, this.signal);
      const text = JSON.stringify(items);
      if (text === this.shown) return;
      this.shown = text;
      this.list.replaceChildren(...items.map((method) => this.form(method)));
      if (items.length === 0) this.list.replaceChildren(h('p', { class: 'empty', text: 'Its driver offers none.' }));
    } catch (error) {
      if (error.status === undefined) return;
      this.shown = undefined;
      this.list.replaceChildren(h('p', { class: 'empty', text: error.message }));
    }
  }

  form(method) {
    const fields = method.arguments.map((argument) => ({ ...argument, input: input(argument.type) }));
    const result = h('div', { class: 'result', role: 'status', hidden: true });
    const call = h('button', { type: 'submit', class: 'main', text: 'Call' });
    const stop = h('button', { type: 'button', text: 'Cancel', hidden: true });
    const form = h('form', {},
      fields.length > 0 && h('div', { class: 'arguments' }, fields.map(({ name, type, input: own }) =>
        field(name, own, type === 'bytes' ? 'base64' : type, type === 'bool' ? 'field check' : 'field'))),
      h('div', { class: 'buttons' }, call, stop), result);
    form.noValidate = true;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      guarded('write', () => this.call(method, fields, { result, call, stop }))();
    });
    return h('details', { class: 'method', data: { method: method.name } },
      h('summary', {}, h('span', { class: 'signature', text: signature(method) }),
        method.summary && h('small', { text: method.summary }),
        method.needsConfirmation && h('span', { class: 'chip warn', text: 'asks first' })),
      form);
  }

  async call(method, fields, { result, call, stop }) {
    if (method.needsConfirmation) {
      const isMeant = await confirmed(`Call ${method.name}?`,
        `${method.summary ? `It ${method.summary}. ` : ''}Its driver says that this can do harm.`, `Call ${method.name}`);
      if (!isMeant) return;
    }
    const abort = new AbortController();
    const limit = AbortSignal.any([abort.signal, this.signal]);
    stop.onclick = () => abort.abort();
    call.disabled = true;
    stop.hidden = false;
    result.hidden = true;
    const begin = performance.now();
    let text;
    let isBad = false;
    try {
      const body = `{${fields.map(({ name, type, input: own }) => `${JSON.stringify(name)}:${written(type, own)}`).join(',')}}`;
      const answer = await request(`${this.path}/methods/${segment(method.name)}${query({ timeout: '60s', confirm: method.needsConfirmation || undefined })}`,
        { method: 'POST', body, signal: limit, limit: 65_000 });
      text = `${answer.result === undefined ? 'Done' : exactValue(answer.result)}`;
    } catch (error) {
      isBad = true;
      if (abort.signal.aborted) text = 'Cancelled. What the device did until then is not known.';
      else if (error.status === undefined) text = String(error);
      else text = reason(error);
    }
    result.className = isBad ? 'result bad' : 'result';
    result.replaceChildren(h('span', { class: 'mono', text }), ' ', h('small', { text: durationText(performance.now() - begin) }));
    result.hidden = false;
    call.disabled = false;
    stop.hidden = true;
  }
}

function reason(error) {
  const wrong = (error.body.problems ?? []).map((problem) =>
    `${problem.argument}: ${problem.value === undefined ? 'missing' : problem.value}: expected ${problem.expected}`);
  return wrong.length ? wrong.join('\n') : error.message;
}

function signature({ name, arguments: list, result }) {
  return `${name}(${list.map((argument) => argument.name).join(', ')})${result ? ` → ${result}` : ''}`;
}

function input(type) {
  if (type === 'bool') return h('input', { type: 'checkbox' });
  return h('input', {
    type: 'text', autocomplete: 'off', spellcheck: 'false',
    inputmode: type === 'int' || type === 'uint' ? 'numeric' : type === 'double' ? 'decimal' : 'text',
  });
}

/** As JSON. What is no number goes as text: the agent says what it expects. */
function written(type, own) {
  if (type === 'bool') return String(own.checked);
  const text = own.value.trim();
  if (type === 'double' && number.test(text)) return text;
  if ((type === 'int' || type === 'uint') && wholeNumber.test(text)) {
    // Beyond 63 bits they travel as a string of digits.
    return BigInt(text) > 9223372036854775807n ? writeJSON(text) : text;
  }
  return writeJSON(type === 'text' ? own.value : text);
}
