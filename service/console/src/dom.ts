// Elements without a library; text only, never markup.
type Child = Node | string;
type Properties = Record<string, unknown>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Properties = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on") && typeof value === "function") {
      made.addEventListener(name.slice(2), value as EventListener);
    } else if (name in made && name !== "list") {
      (made as unknown as Properties)[name] = value;
    } else {
      made.setAttribute(name, String(value));
    }
  }
  made.append(...children);
  return made;
}

export function field(label: string, input: HTMLElement): HTMLLabelElement {
  return el("label", { className: "field" }, el("span", {}, label), input);
}

export function select(options: [string, string][], properties: Properties = {}): HTMLSelectElement {
  const made = el("select", properties);
  fillSelect(made, options);
  return made;
}

// Keeps what was chosen where it is still there, and touches nothing while nothing changed.
export function fillSelect(made: HTMLSelectElement, options: [string, string][]): void {
  const before = Array.from(made.options, (one) => `${one.value}\n${one.text}`).join("\n");
  if (before === options.map(([value, text]) => `${value}\n${text}`).join("\n")) return;
  const chosen = made.value;
  made.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === chosen)) made.value = chosen;
}

export function number(value: number, properties: Properties = {}): HTMLInputElement {
  return el("input", { type: "number", defaultValue: String(value), step: "any", ...properties });
}

export function row(...cells: Child[]): HTMLTableRowElement {
  return el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
}

export function table(columns: string[], body: HTMLTableSectionElement): HTMLTableElement {
  return el("table", {}, el("thead", {}, el("tr", {}, ...columns.map((one) => el("th", { scope: "col" }, one)))), body);
}
