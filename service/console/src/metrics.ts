// Reads the text format of Prometheus (version 0.0.4): name{labels} value.
export interface Sample { name: string; labels: Record<string, string>; value: number }

export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!found) continue;
    const labels: Record<string, string> = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value;
    samples.push({ name: found[1], labels, value: found[3] === "+Inf" ? Infinity : Number(found[3]) });
  }
  return samples;
}

export function total(samples: Sample[], name: string): number {
  return samples.filter((one) => one.name === name).reduce((sum, one) => sum + one.value, 0);
}

// The counts between a histogram's edges, over all labels but `le`: [upper edge, count].
export function histogram(samples: Sample[], name: string): [number, number][] {
  const below = new Map<number, number>();
  for (const one of samples) {
    if (one.name !== `${name}_bucket`) continue;
    const edge = one.labels.le === "+Inf" ? Infinity : Number(one.labels.le);
    below.set(edge, (below.get(edge) ?? 0) + one.value);
  }
  let before = 0;
  return [...below].sort(([a], [b]) => a - b).map(([edge, count]) => {
    const inside = count - before;
    before = count;
    return [edge, inside];
  });
}

// The edge below which a share of the counts lies; null without counts.
export function quantile(bins: [number, number][], share: number): number | null {
  const all = bins.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [edge, count] of bins) {
    seen += count;
    if (all > 0 && seen >= share * all) return edge;
  }
  return null;
}
