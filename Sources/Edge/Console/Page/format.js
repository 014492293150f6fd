// SPDX-License-Identifier: Apache-2.0
// Values, units, times and ages as text.

/** JSON in which whole numbers beyond 2^53 keep their digits, as BigInt. */
export function parseJSON(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !context?.source) return value;
    return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
  });
}

/** The other way round. */
export function writeJSON(value) {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(writeJSON).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeJSON(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** As it is shown: numbers with up to six digits that count, text as it is. */
export function showValue(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return showNumber(value, 6);
  if (typeof value === 'object') return writeJSON(value);
  return String(value);
}

export function showNumber(value, digits) {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return value.toExponential(Math.max(0, digits - 3)).replace(/\.?0+e/, 'e');
  return String(Number(value.toPrecision(digits)));
}

/** In full, for a tooltip or an editor. */
export function exactValue(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? writeJSON(value) : String(value);
}

export function isNumeric(type) { return type === 'int' || type === 'float' || type === 'double'; }

export function withUnit(text, unit) { return unit ? `${text}\u202f${unit}` : text; }

// MARK: Time. The agent's clock counts, not the one of whoever looks at it.

let skew = 0;

export function setServerTime(text) {
  const time = Date.parse(text);
  if (Number.isFinite(time)) skew = time - Date.now();
}

export function serverNow() { return Date.now() + skew; }

export function ageText(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

export function durationText(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${showNumber(milliseconds / 1000, 3)} s`;
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

const dayForm = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });
const clockForm = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minuteForm = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

export function clock(time) { return clockForm.format(time); }
export function minute(time) { return minuteForm.format(time); }
export function day(time) { return dayForm.format(time); }

/** Local time with milliseconds. */
export function preciseTime(time) {
  return `${day(time)} ${clock(time)}.${String(new Date(time).getMilliseconds()).padStart(3, '0')}`;
}

/** The clock for today, else the day too. */
export function shortTime(time) {
  return day(time) === day(serverNow()) ? clock(time) : `${day(time)} ${minute(time)}`;
}

// MARK: Ages that tick

const ticking = new Set();

/** Shows how long ago `element.dateTime` was, from now on. */
export function setAge(element, text, form = (age) => age) {
  const time = text ? Date.parse(text) : NaN;
  element.ageTime = time;
  element.ageForm = form;
  if (Number.isFinite(time)) {
    if (element.dateTime !== text) {
      element.dateTime = text;
      element.title = preciseTime(time);
    }
    ticking.add(element);
    tickOne(element);
  } else {
    ticking.delete(element);
    element.removeAttribute('datetime');
    element.textContent = '';
  }
}

function tickOne(element) {
  const text = element.ageForm(ageText(serverNow() - element.ageTime));
  if (element.textContent !== text) element.textContent = text;
}

setInterval(() => {
  for (const element of ticking) {
    if (element.isConnected) tickOne(element);
    // An element that is not in the page yet may come; one that is gone long since is not looked at again.
    else if ((element.ageMissed = (element.ageMissed ?? 0) + 1) > 5) ticking.delete(element);
  }
}, 1000);
