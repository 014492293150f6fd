// SPDX-License-Identifier: Apache-2.0
// A canvas as sharp as the screen, and sparklines on one.

export function color(name) { return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(); }

/** Sizes the canvas for the screen's pixels and gives its context in CSS pixels, cleared. */
export function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== t) Object.assign(canvas, { width: w, height: t });
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export function asNumber(value) {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return null;
}

/** The last readings of one property, as a small line: the newest at the right edge. */
export class Sparkline {
  static span = 120_000;
  static limit = 400;

  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
  }

  /** In any order; a reading that is there already is taken once. */
  add(points) {
    const known = new Set(this.points.map((point) => point.t));
    this.points.push(...points.filter((point) => Number.isFinite(point.t) && !known.has(point.t)));
    this.points.sort((a, b) => a.t - b.t);
    if (this.points.length > Sparkline.limit) this.points.splice(0, this.points.length - Sparkline.limit);
  }

  draw(now) {
    if (!this.canvas.isConnected || this.canvas.clientWidth === 0) return;
    const { context, width, height } = prepare(this.canvas);
    const begin = now - Sparkline.span;
    // The last one before the window too: a line comes in from the left.
    const first = Math.max(0, this.points.findIndex((point) => point.t >= begin) - 1);
    const points = this.points.slice(this.points.some((point) => point.t >= begin) ? first : -1);
    const numbers = points.map((point) => point.v).filter((value) => value !== null);
    if (numbers.length === 0) return;
    const low = Math.min(...numbers);
    const high = Math.max(...numbers);
    const y = (value) => (high === low ? height / 2 : height - 3 - ((value - low) / (high - low)) * (height - 6));
    const x = (time) => Math.max(0, ((time - begin) / Sparkline.span) * (width - 4));
    context.lineWidth = 1.4;
    context.strokeStyle = color('accent');
    context.beginPath();
    let open = false;
    for (const point of points) {
      if (point.v === null) { open = false; continue; }
      if (open) context.lineTo(x(point.t), y(point.v));
      else context.moveTo(x(point.t), y(point.v));
      open = true;
    }
    // A value holds until the next one comes.
    if (open) context.lineTo(width - 4, y(points.at(-1).v));
    context.stroke();
    context.fillStyle = points.at(-1).v === null ? color('bad') : color('accent');
    context.beginPath();
    context.arc(width - 4, points.at(-1).v === null ? height / 2 : y(points.at(-1).v), 2.2, 0, 7);
    context.fill();
  }
}
