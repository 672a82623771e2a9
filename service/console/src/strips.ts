// Strips of numbers over the last seconds. Nothing is drawn where there is no pose.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { el } from "./dom";

const SECONDS = 20;
const DRAW_MS = 60;
const AT_A_TIME = 2;

// A strip has one line, or several that are named; `--line-N` of the style gives their colours.
export interface Strip { name: string; unit: string; lines?: string[] }

export class Strips {
  readonly element = el("div", { className: "strips" });
  private readonly times: number[] = [];
  private readonly values: (number | null)[][][];
  private readonly plots: uPlot[] = [];
  private readonly numbers: HTMLElement[] = [];
  private stale = 0;
  private next = -1;
  private timer = 0;

  constructor(strips: Strip[]) {
    this.values = strips.map(({ lines }) => (lines ?? [""]).map(() => []));
    for (const { name, unit, lines } of strips) {
      const shown = el("b", {}, "–");
      const plot = el("div", { className: "plot" });
      const names = (lines ?? []).map((one, n) => el("span", { className: `line-${n}` }, one));
      this.numbers.push(shown);
      this.element.append(el("figure", { className: "strip" }, el("figcaption", {}, el("span", {}, name), ...names, shown, unit), plot));
      this.plots.push(new uPlot(options(lines?.length ?? 1), [[]], plot));
    }
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  // `values` holds those of each strip's lines; the number that is told is the sum of a strip's lines.
  add(seconds: number, values: (number | null)[][]): void {
    this.times.push(seconds);
    values.forEach((lines, n) => lines.forEach((value, m) => this.values[n][m].push(value)));
    while (this.times.length && this.times[0] < seconds - SECONDS) {
      this.times.shift();
      this.values.flat().forEach((one) => one.shift());
    }
    this.stale = this.plots.length;
    if (!this.timer) this.timer = window.setTimeout(() => this.draw(), DRAW_MS);
  }

  // A few strips at a time, so that no frame waits for all of them; each in turn until all show the newest numbers.
  private draw(): void {
    this.timer = 0;
    const last = this.times.at(-1);
    if (last === undefined) return;
    const times = this.times.map((one) => one - last);
    for (let n = 0; n < AT_A_TIME && this.stale > 0; n++, this.stale--) {
      const at = (this.next = (this.next + 1) % this.plots.length);
      const values = this.values[at].map((one) => one.at(-1) ?? null);
      const sum = values.some((one) => one !== null) ? values.reduce<number>((all, one) => all + (one ?? 0), 0) : null;
      this.numbers[at].textContent = sum === null ? "–" : sum.toFixed(Math.abs(sum) < 100 ? 2 : 1);
      this.plots[at].setData([times, ...this.values[at]]);
    }
    if (this.stale) this.timer = window.setTimeout(() => this.draw(), DRAW_MS);
  }

  clear(): void {
    this.times.length = 0;
    this.values.flat().forEach((one) => (one.length = 0));
    this.numbers.forEach((one) => (one.textContent = "–"));
    this.plots.forEach((plot, n) => plot.setData([[], ...this.values[n].map(() => [])]));
  }

  private resize(): void {
    for (const plot of this.plots) {
      const box = plot.root.parentElement as HTMLElement;
      if (box.clientWidth > 40 && box.clientHeight > 20) plot.setSize({ width: box.clientWidth, height: box.clientHeight });
    }
  }
}

function options(lines: number): uPlot.Options {
  const colour = (name: string) => () => getComputedStyle(document.documentElement).getPropertyValue(name);
  return {
    width: 180, height: 50, legend: { show: false }, cursor: { show: false }, padding: [4, 4, 2, 0],
    scales: { x: { time: false, range: () => [-SECONDS, 0] }, y: { range: (_plot, low, high) => spread(low, high) } },
    axes: [
      { show: false },
      { size: 38, stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, space: 22, font: "10px sans-serif" },
    ],
    series: [{}, ...Array.from({ length: lines }, (_, n) => ({
      stroke: colour(lines > 1 ? `--line-${n}` : "--trace"), width: 1.5, points: { show: false }, spanGaps: false,
    }))],
  };
}

function spread(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = Math.max(0.15 * (high - low), 0.05);
  return [low - room, high + room];
}
