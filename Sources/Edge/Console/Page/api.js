// SPDX-License-Identifier: Apache-2.0
// Requests to the agent that served this page, and what is known of the connection to it.
import { parseJSON, writeJSON } from './format.js';

/** An answer that is not 2xx, or none at all (`status` 0). `body` is the problem document. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail || body?.title || (status ? `The agent answered ${status}.` : 'The agent does not answer.'));
    this.status = status;
    this.body = body ?? {};
    this.name = String(body?.type ?? '').replace('urn:selvedge:problem:', '');
    this.retryAfter = retryAfter;
  }
}

/** `connection` says 'lost', 'back' and 'denied' (a token is needed, or is no longer taken). */
export const connection = new EventTarget();
connection.lostAt = null;

function tell(name) { connection.dispatchEvent(new Event(name)); }

function heard() {
  if (connection.lostAt === null) return;
  connection.lostAt = null;
  tell('back');
}

function unheard() {
  if (connection.lostAt !== null) return;
  connection.lostAt = Date.now();
  tell('lost');
}

async function send(path, { method = 'GET', body, type, headers = {}, signal, limit } = {}) {
  const all = { ...headers };
  if (method !== 'GET') all['X-Selvedge-Console'] = '1';
  if (body !== undefined) all['Content-Type'] = type ?? 'application/json';
  // A browser waits for minutes on a host that is gone.
  const signals = [signal, limit && AbortSignal.timeout(limit)].filter(Boolean);
  let response;
  try {
    response = await fetch(path, {
      method, body, headers: all, cache: 'no-store', credentials: 'same-origin',
      signal: signals.length ? AbortSignal.any(signals) : undefined,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    unheard();
    throw new Problem(0);
  }
  heard();
  if (response.ok) return response;
  let problem = {};
  try { problem = parseJSON(await response.text()); } catch { /* the status says enough */ }
  if (response.status === 401) tell('denied');
  throw new Problem(response.status, problem, Number(response.headers.get('Retry-After')) || undefined);
}

/** The answer's JSON; undefined for an empty one. */
export async function request(path, options = {}) {
  const response = await send(path, { limit: 15_000, ...options });
  let text;
  try {
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    unheard();
    throw new Problem(0);
  }
  return text.trim() ? parseJSON(text) : undefined;
}

export function get(path, signal) { return request(path, { signal }); }

export function put(path, value, options = {}) {
  return request(path, { method: 'PUT', body: writeJSON(value), ...options });
}

export function post(path, value, options = {}) {
  return request(path, { method: 'POST', body: writeJSON(value), ...options });
}

/** `a/b` as one segment of a path. */
export function segment(text) { return encodeURIComponent(text); }

export function devicePath(namespace, name) { return `/v1/devices/${segment(namespace)}/${segment(name)}`; }

/** Query text; members that are undefined or empty are left out. */
export function query(members) {
  const parts = Object.entries(members).filter(([, value]) => value !== undefined && value !== '' && value !== null);
  return parts.length ? `?${parts.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}` : '';
}

// MARK: Streams

/** A stream that says nothing for so long is dead: there is a comment every 15 seconds. */
const silence = 45_000;

/**
 * Server-sent events of one answer, as {event, data, id}. Not EventSource, which hides why it was refused, whether
 * the agent is still there, and cannot POST.
 */
export async function* stream(path, { signal, lastID, ...options } = {}) {
  const quiet = new AbortController();
  const whole = signal ? AbortSignal.any([signal, quiet.signal]) : quiet.signal;
  let timer = setTimeout(() => quiet.abort(), silence);
  try {
    const headers = { Accept: 'text/event-stream', ...(lastID && { 'Last-Event-ID': lastID }) };
    const response = await send(path, { ...options, headers, signal: whole });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    let event = { event: 'message', data: '' };
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), silence);
      heard();
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (event.data) yield { ...event, data: parseJSON(event.data) };
          event = { event: 'message', data: '' };
          continue;
        }
        const colon = line.indexOf(':');
        if (colon === 0) continue;
        const name = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (name === 'data') event.data += (event.data ? '\n' : '') + text;
        else if (name === 'event') event.event = text;
        else if (name === 'id') event.id = text;
      }
    }
  } catch (error) {
    if (signal?.aborted || error instanceof Problem) throw error;
    unheard();
    throw new Problem(0);
  } finally {
    clearTimeout(timer);
    quiet.abort();
  }
}

export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/**
 * Follows a stream over breaks, from where it was cut. `take(event)` gets each event; `state('open' | 'closed',
 * problem?)` says how it stands. Ends with the signal, or when the agent has no such stream (404, 403).
 */
export async function follow(path, take, { signal, state = () => {} }) {
  let lastID;
  let delay = 500;
  while (!signal.aborted) {
    try {
      let isOpen = false;
      for await (const event of stream(path, { signal, lastID })) {
        if (!isOpen) { isOpen = true; state('open'); }
        delay = 500;
        if (event.id) lastID = event.id;
        take(event);
      }
      state('closed');
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      state('closed', error);
      if (error.status === 404 || error.status === 403) return;
      // The place from which on events were asked for is not taken any more: begin anew.
      if (error.status === 400) {
        if (!lastID) return;
        lastID = undefined;
      }
      if (error.retryAfter) delay = error.retryAfter * 1000;
    }
    await pause(delay, signal);
    delay = Math.min(delay * 2, 8000);
  }
}

// MARK: Who is asking

/** `scope` is undefined as long as nothing is known: the agent decides in any case. */
export const session = { name: '', scope: undefined, namespaces: undefined, needsToken: false };
const scopes = ['none', 'read', 'write', 'admin'];

export function may(scope) {
  return session.scope === undefined || scopes.indexOf(session.scope) >= scopes.indexOf(scope);
}

export async function identify() {
  try {
    const who = await get('/v1/whoami');
    Object.assign(session, { namespaces: undefined }, who, { needsToken: who.scope === 'none' });
  } catch (error) {
    if (error.status === 401) Object.assign(session, { name: '', scope: 'none', needsToken: true });
    else if (error.status === 404) Object.assign(session, { name: '', scope: undefined, needsToken: false });
    else throw error;
  }
  connection.dispatchEvent(new Event('identity'));
}

export async function logIn(token) {
  await post('/v1/session', { token });
  await identify();
}

export async function logOut() {
  await request('/v1/session', { method: 'DELETE' });
  await identify();
}
