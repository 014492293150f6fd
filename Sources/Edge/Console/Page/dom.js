// SPDX-License-Identifier: Apache-2.0
// Elements are built from text, never from markup: what a device says is shown and cannot become part of the page.

/**
 * An element. `props`: `class`, `text`, `on: {click: …}`, `data: {…}`, `style: {…}`; properties of the element by their
 * name; all else becomes an attribute, with true as the empty one and false, null and undefined as none.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'text') element.textContent = value;
    else if (name === 'on') for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'hidden') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Sets the text only when it differs, so that selections and screen readers are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element, name) {
  if (element.className !== name) element.className = name;
}

/**
 * Makes the children of `container` follow `items` without touching those that stay: focus, selection and open
 * editors survive. `create(item)` gives {element, update(item)}; `rows` is a Map that the caller keeps.
 */
export function keyed(container, rows, items, key, create) {
  const present = new Set();
  let place = container.firstElementChild;
  for (const item of items) {
    const id = key(item);
    if (present.has(id)) continue;
    present.add(id);
    let row = rows.get(id);
    if (!row) {
      row = create(item);
      rows.set(id, row);
    }
    row.update(item);
    if (row.element === place) place = place.nextElementSibling;
    else container.insertBefore(row.element, place);
  }
  for (const [id, row] of rows) {
    if (present.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
}

/** Arrow keys, j and k, Home and End walk over what `selector` finds in `container`. */
export function walkable(container, selector) {
  container.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step) return;
    const all = [...container.querySelectorAll(selector)].filter((item) => item.offsetParent !== null);
    const current = all.findIndex((item) => item === event.target || item.contains(event.target));
    const next = all[Math.max(0, Math.min(all.length - 1, current < 0 ? 0 : current + step))];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  });
}

export function isTyping(target) {
  if (!(target instanceof Element)) return false;
  return target.matches('input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select');
}

let fieldCount = 0;

/** A label with its field, and below it what may help. */
export function field(label, input, hint, type = 'field') {
  fieldCount += 1;
  input.id = input.id || `field-${fieldCount}`;
  const parts = [h('label', { for: input.id, text: label }), input];
  if (hint) {
    const id = `${input.id}-hint`;
    input.setAttribute('aria-describedby', id);
    parts.push(h('small', { id, text: hint }));
  }
  return h('div', { class: type }, parts);
}

/** Says something to a screen reader that sighted people see anyway. */
export function announce(text) {
  const place = document.getElementById('announce');
  place.textContent = '';
  setTimeout(() => { place.textContent = text; }, 50);
}

/**
 * A dialog that closes with Escape and gives the focus back. Resolves with what `close` is called with, else undefined.
 */
export function dialog(title, build, name = '') {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const heading = h('h2', { id: `dialog-${++fieldCount}`, text: title });
    const box = h('dialog', { class: name, 'aria-labelledby': heading.id });
    let result;
    const close = (value) => { result = value; box.close(); };
    box.append(heading, ...[build(close)].flat());
    box.addEventListener('close', () => {
      box.remove();
      before?.focus?.();
      resolve(result);
    });
    box.addEventListener('click', (event) => { if (event.target === box) close(); });
    document.body.append(box);
    box.showModal();
  });
}

/** A yes or no question; Escape is no. */
export async function confirmed(title, text, yes) {
  return (await dialog(title, (close) => [
    h('p', { text }),
    h('div', { class: 'buttons' },
      h('button', { type: 'button', text: 'Cancel', on: { click: () => close(false) } }),
      h('button', { type: 'button', class: 'danger', text: yes, on: { click: () => close(true) } })),
  ])) === true;
}
