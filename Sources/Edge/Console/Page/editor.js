// SPDX-License-Identifier: Apache-2.0
// A row in which the desired value of one property is set or taken back.
import { request, segment } from './api.js';
import { field, h } from './dom.js';
import { exactValue, isNumeric } from './format.js';

export class Editor {
  constructor(path, property, close) {
    this.path = `${path}/properties/${segment(property.name)}/desired`;
    this.property = property;
    this.close = close;
    const current = property.desired?.value ?? property.reported?.value;
    this.input = property.type === 'boolean' ? choice(current) : h('input', {
      type: 'text', inputmode: property.type === 'int' ? 'numeric' : isNumeric(property.type) ? 'decimal' : 'text',
      value: exactValue(current), autocomplete: 'off', spellcheck: 'false',
    });
    this.trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
    this.button = h('button', { type: 'submit', class: 'main', text: 'Set' });
    this.form = h('form', {},
      field(`Desired ${property.name}${property.unit ? ` (${property.unit})` : ''}`, this.input),
      this.button,
      property.desired && h('button', { type: 'button', text: 'Take back', title: 'No value is desired any more', on: { click: () => this.send('DELETE') } }),
      h('button', { type: 'button', class: 'quiet', text: 'Cancel', on: { click: close } }),
      h('small', { text: hint(property) }), this.trouble);
    this.form.noValidate = true;
    this.form.addEventListener('submit', (event) => { event.preventDefault(); this.submit(); });
    this.form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { event.stopPropagation(); close(); }
    });
    this.element = h('tr', { class: 'editor', role: 'row' }, h('td', { colspan: '5', role: 'cell' }, this.form));
  }

  focus() {
    this.input.focus();
    this.input.select?.();
  }

  submit() {
    const text = this.input.value;
    const trimmed = text.trim();
    const { type } = this.property;
    // Numbers travel as they were typed, so that none of 64 bits loses digits. What is wrong the agent says,
    // with the type and range that it expects; only what would not even be JSON becomes a string.
    if (type === 'boolean') this.send('PUT', trimmed);
    else if (isNumeric(type) && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed)) this.send('PUT', trimmed);
    else this.send('PUT', JSON.stringify(isNumeric(type) ? trimmed : text));
  }

  async send(method, body) {
    this.button.disabled = true;
    try {
      await request(this.path, { method, body });
      this.close();
    } catch (error) {
      if (error.status === undefined) throw error;
      this.trouble.hidden = false;
      this.trouble.textContent = error.status === 0 ? 'The agent does not answer: it is not known whether it has the value.' : error.message;
      this.input.setAttribute('aria-invalid', 'true');
      this.button.disabled = false;
      this.focus();
    }
  }
}

function choice(current) {
  return h('select', {}, ['true', 'false'].map((text) => h('option', { value: text, text, selected: String(current) === text })));
}

function hint({ type, min, max, unit }) {
  const words = { int: 'a whole number', float: 'a number', double: 'a number', string: 'text', bytes: 'base64', boolean: '' }[type] ?? type;
  if (min === undefined && max === undefined) return words;
  return `${words} ${min !== undefined ? `from ${exactValue(min)} ` : ''}${max !== undefined ? `up to ${exactValue(max)}` : ''}${unit ? ` ${unit}` : ''}`;
}
