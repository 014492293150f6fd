// SPDX-License-Identifier: Apache-2.0
// Logging in with a token, and out.
import { logIn, logOut, may, session } from './api.js';
import { announce, dialog, field, h } from './dom.js';

let isOpen = false;

/** Asks for a token, or shows who is logged in. One dialog at a time, however many requests were refused. */
export async function open() {
  if (isOpen) return;
  isOpen = true;
  try {
    if (session.scope && session.scope !== 'none' && session.name !== 'anybody' && session.name) await showUser();
    else await askForToken();
  } finally {
    isOpen = false;
  }
}

/** Does it if the scope suffices; else says how to log in. */
export function guarded(scope, act) {
  return (...parameters) => (may(scope) ? act(...parameters) : open());
}

function askForToken() {
  return dialog(session.needsToken ? 'Log in' : 'Log in to change things', (close) => {
    const token = h('input', {
      type: 'password', name: 'token', autocomplete: 'current-password', placeholder: 'sel_…', required: true,
      spellcheck: 'false', autofocus: true,
    });
    const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
    const button = h('button', { type: 'submit', class: 'main', text: 'Log in' });
    const form = h('form', { method: 'dialog' },
      h('p', {}, session.needsToken
        ? 'This node wants to know who asks. ' : 'Without a token, this address only reads. ',
      'A token is made on the node, by somebody who may use its socket:'),
      h('p', {}, h('code', { text: 'edgectl token create NAME --scope write' })),
      h('p', { class: 'soft' }, 'Scopes: ', h('code', { text: 'read' }), ' sees, ', h('code', { text: 'write' }),
        ' sets values and calls methods, ', h('code', { text: 'admin' }), ' also scans and adds devices.'),
      field('Token', token), trouble,
      h('div', { class: 'buttons end' },
        h('button', { type: 'button', text: 'Cancel', on: { click: () => close() } }), button));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        await logIn(token.value.trim());
        announce(`Logged in as ${session.name}.`);
        close(true);
      } catch (error) {
        trouble.textContent = error.status === 404 ? 'This agent takes no tokens.' : error.message;
        trouble.hidden = false;
        token.setAttribute('aria-invalid', 'true');
        token.select();
        button.disabled = false;
      }
    });
    return form;
  });
}

function showUser() {
  return dialog(session.name, (close) => {
    const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
    const out = async () => {
      try {
        await logOut();
        close();
      } catch (error) {
        trouble.textContent = error.message;
        trouble.hidden = false;
      }
    };
    return [
      h('dl', { class: 'facts' },
        h('dt', { text: 'may' }), h('dd', { text: { read: 'read', write: 'read and set', admin: 'do everything' }[session.scope] ?? session.scope }),
        h('dt', { text: 'namespaces' }), h('dd', { text: session.namespaces?.join(', ') || 'all' }),
        session.source && h('dt', { text: 'from' }), session.source && h('dd', { text: session.source })),
      trouble,
      h('div', { class: 'buttons end' },
        h('button', { type: 'button', text: 'Close', on: { click: () => close() } }),
        h('button', { type: 'button', class: 'main', text: 'Log out', on: { click: out } })),
    ];
  });
}
