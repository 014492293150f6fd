// SPDX-License-Identifier: Apache-2.0
// A plot over time on a canvas: drag to choose a stretch, wheel or pinch to zoom, shift-drag or a finger to move,
// arrows, + and - on the keyboard.
import { color, prepare } from './chart.js';
import { clock, day, minute, preciseTime, showNumber, showValue, withUnit } from './format.js';

const shortest = 1000;
const longest = 400 * 86_400_000;
const margin = { left: 58, right: 12, top: 14, bottom: 24 };
const spans = [1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 25920e5];

export class Plot {
  /**
   * `moved(domain, isFinal)`: the reader chose another stretch of time. Points are {t, v, low?, high?} with v null where
   * there was no good reading.
   */
  constructor(moved) {
    this.moved = moved;
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.points = [];
    this.domain = { from: Date.now() - 3_600_000, to: Date.now() };
    this.unit = '';
    this.pointers = new Map();
    this.hover = undefined;
    const on = (name, act, options) => this.canvas.addEventListener(name, act, options);
    on('pointerdown', (event) => this.press(event));
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.release(event));
    on('pointercancel', (event) => this.release(event));
    on('pointerleave', () => { this.hover = undefined; this.draw(); });
    on('wheel', (event) => this.wheel(event), { passive: false });
    on('keydown', (event) => this.key(event));
    on('dblclick', () => this.zoom(2));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
    this.recolor = () => this.draw();
    document.addEventListener('themechange', this.recolor);
  }

  /** Not to be used after it. */
  close() {
    this.observer.disconnect();
    document.removeEventListener('themechange', this.recolor);
  }

  get width() { return Math.max(1, this.canvas.clientWidth - margin.left - margin.right); }

  x(time) { return margin.left + ((time - this.domain.from) / (this.domain.to - this.domain.from)) * this.width; }

  time(x) { return this.domain.from + ((x - margin.left) / this.width) * (this.domain.to - this.domain.from); }

  // MARK: Moving

  set(from, to, isFinal) {
    const length = Math.max(shortest, Math.min(longest, to - from));
    const middle = (from + to) / 2;
    this.domain = { from: middle - length / 2, to: middle + length / 2 };
    this.draw();
    this.moved(this.domain, isFinal);
  }

  /** `factor` above 1 shows more time; `at` (0 to 1) stays where it is. */
  zoom(factor, at = 0.5) {
    const { from, to } = this.domain;
    const length = Math.max(shortest, Math.min(longest, (to - from) * factor));
    const fixed = from + (to - from) * at;
    this.set(fixed - length * at, fixed + length * (1 - at), true);
  }

  /** By this part of what is shown; negative: earlier. */
  pan(part) {
    const step = (this.domain.to - this.domain.from) * part;
    this.set(this.domain.from + step, this.domain.to + step, true);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.pan(event.shiftKey ? -0.5 : -0.1), ArrowRight: () => this.pan(event.shiftKey ? 0.5 : 0.1),
      '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2), 0: () => this.reset?.(true),
      Home: () => this.reset?.(false),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  wheel(event) {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / this.width);
    else this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), this.part(event.offsetX));
  }

  part(x) { return Math.max(0, Math.min(1, (x - margin.left) / this.width)); }

  press(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event.offsetX);
    const isMove = event.pointerType === 'touch' || event.shiftKey;
    this.drag = { begin: event.offsetX, end: event.offsetX, isMove, domain: { ...this.domain }, pinch: this.spread() };
  }

  spread() {
    const places = [...this.pointers.values()];
    return places.length === 2 ? Math.max(20, Math.abs(places[0] - places[1])) : undefined;
  }

  move(event) {
    this.hover = event.offsetX;
    if (!this.pointers.has(event.pointerId) || !this.drag) {
      this.draw();
      return;
    }
    this.pointers.set(event.pointerId, event.offsetX);
    this.drag.end = event.offsetX;
    const { from, to } = this.drag.domain;
    const spread = this.spread();
    if (spread && this.drag.pinch) {
      const length = (to - from) * (this.drag.pinch / spread);
      const places = [...this.pointers.values()];
      const at = this.part((places[0] + places[1]) / 2);
      const fixed = from + (to - from) * at;
      this.set(fixed - length * at, fixed + length * (1 - at), false);
    } else if (this.drag.isMove) {
      const shift = ((this.drag.begin - event.offsetX) / this.width) * (to - from);
      this.set(from + shift, to + shift, false);
    } else {
      this.draw();
    }
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId) || !this.drag) return;
    const { begin, end, isMove, pinch } = this.drag;
    if (this.pointers.size > 0) {
      this.drag = undefined;
      return;
    }
    this.drag = undefined;
    if (event.type === 'pointercancel') this.draw();
    else if (isMove || pinch) this.moved(this.domain, true);
    else if (Math.abs(end - begin) > 5) this.set(this.time(Math.min(begin, end)), this.time(Math.max(begin, end)), true);
    else this.draw();
  }

  // MARK: Drawing

  range(points) {
    let low = Infinity;
    let high = -Infinity;
    for (const point of points) {
      if (point.v === null) continue;
      low = Math.min(low, point.low ?? point.v);
      high = Math.max(high, point.high ?? point.v);
    }
    if (low > high) return undefined;
    const room = high === low ? Math.max(Math.abs(high) * 0.05, 0.5) : (high - low) * 0.08;
    return { low: low - room, high: high + room };
  }

  draw() {
    if (!this.canvas.isConnected || this.canvas.clientWidth === 0) return;
    const { context, width, height } = prepare(this.canvas);
    const { from, to } = this.domain;
    const plotHeight = height - margin.top - margin.bottom;
    context.font = '11.5px system-ui, sans-serif';
    this.drawTimes(context, width, height);
    // What lies just outside too: lines go on to the edge.
    const begin = this.points.findLastIndex((point) => point.t < from);
    const end = this.points.findIndex((point) => point.t > to);
    const points = this.points.slice(Math.max(0, begin), end < 0 ? undefined : end + 1);
    const range = this.range(points);
    if (!range) {
      context.fillStyle = color('soft');
      context.textAlign = 'center';
      context.fillText(this.note ?? 'nothing was recorded here', margin.left + this.width / 2, margin.top + plotHeight / 2);
      this.read?.('');
      return;
    }
    const y = (value) => margin.top + plotHeight * (1 - (value - range.low) / (range.high - range.low));
    this.drawValues(context, width, range, y);
    context.save();
    context.beginPath();
    context.rect(margin.left, margin.top - 4, this.width, plotHeight + 8);
    context.clip();
    this.drawLine(context, points, y, plotHeight);
    if (this.drag && !this.drag.isMove && !this.drag.pinch) {
      context.fillStyle = color('accent');
      context.globalAlpha = 0.16;
      context.fillRect(this.drag.begin, margin.top, this.drag.end - this.drag.begin, plotHeight);
      context.globalAlpha = 1;
    }
    this.drawHover(context, points, y, plotHeight);
    context.restore();
  }

  drawLine(context, points, y, plotHeight) {
    // Bands first, the line over them.
    const parts = [];
    let part = [];
    for (const point of points) {
      const previous = part.at(-1);
      if (point.v === null || (previous && this.gap && point.t - previous.t > this.gap)) {
        if (part.length) parts.push(part);
        part = [];
      }
      if (point.v !== null) part.push(point);
      else {
        context.fillStyle = color('bad');
        context.fillRect(this.x(point.t) - 1, margin.top + plotHeight - 4, 2, 5);
      }
    }
    if (part.length) parts.push(part);
    context.fillStyle = color('accent');
    context.globalAlpha = 0.18;
    for (const list of parts) {
      if (list[0].high === undefined) continue;
      context.beginPath();
      list.forEach((point, at) => context[at ? 'lineTo' : 'moveTo'](this.x(point.t), y(point.high ?? point.v)));
      for (const point of [...list].reverse()) context.lineTo(this.x(point.t), y(point.low ?? point.v));
      context.fill();
    }
    context.globalAlpha = 1;
    context.strokeStyle = color('accent');
    context.lineWidth = 1.6;
    context.lineJoin = 'round';
    for (const list of parts) {
      context.beginPath();
      list.forEach((point, at) => {
        if (at && this.isStepped) context.lineTo(this.x(point.t), y(list[at - 1].v));
        context[at ? 'lineTo' : 'moveTo'](this.x(point.t), y(point.v));
      });
      context.stroke();
      if (list.length === 1 || points.length < this.width / 12) {
        for (const point of list) {
          context.beginPath();
          context.arc(this.x(point.t), y(point.v), 2, 0, 7);
          context.fill();
        }
      }
    }
  }

  drawTimes(context, width, height) {
    const { from, to } = this.domain;
    const wanted = Math.max(2, Math.floor(this.width / 110));
    const step = spans.find((span) => (to - from) / span <= wanted) ?? spans.at(-1);
    // Marks stand at round local times.
    const zone = new Date(from).getTimezoneOffset() * 60_000;
    context.textAlign = 'center';
    context.strokeStyle = color('faint');
    context.lineWidth = 1;
    for (let time = Math.ceil((from - zone) / step) * step + zone; time <= to; time += step) {
      const x = Math.round(this.x(time)) + 0.5;
      context.beginPath();
      context.moveTo(x, margin.top);
      context.lineTo(x, height - margin.bottom);
      context.stroke();
      context.fillStyle = color('soft');
      const text = step >= 864e5 ? day(time).slice(5) : step >= 6e4 ? minute(time) : clock(time);
      if (x > margin.left + 12 && x < width - 18) context.fillText(text === '00:00' ? day(time).slice(5) : text, x, height - 8);
    }
  }

  drawValues(context, width, { low, high }, y) {
    const raw = (high - low) / 5;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
    context.textAlign = 'right';
    context.strokeStyle = color('faint');
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
      const place = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(margin.left, place);
      context.lineTo(width - margin.right, place);
      context.stroke();
      context.fillStyle = color('soft');
      context.fillText(showNumber(Math.abs(value) < step / 1e6 ? 0 : Number(value.toPrecision(10)), 6), margin.left - 7, place + 4);
    }
  }

  drawHover(context, points, y, plotHeight) {
    if (this.hover === undefined || this.drag) {
      this.read?.('');
      return;
    }
    const time = this.time(this.hover);
    const nearest = points.reduce((best, point) => (!best || Math.abs(point.t - time) < Math.abs(best.t - time) ? point : best), undefined);
    if (!nearest) return;
    const x = this.x(nearest.t);
    context.strokeStyle = color('soft');
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, margin.top);
    context.lineTo(x, margin.top + plotHeight);
    context.stroke();
    if (nearest.v !== null) {
      context.fillStyle = color('accent');
      context.beginPath();
      context.arc(x, y(nearest.v), 3.5, 0, 7);
      context.fill();
    }
    this.read?.(`${preciseTime(nearest.t)}  ${nearest.v === null ? 'no good reading' : withUnit(showValue(nearest.v), this.unit)}`
      + (nearest.high !== undefined ? `  (${showValue(nearest.low)} to ${showValue(nearest.high)})` : ''));
  }
}
