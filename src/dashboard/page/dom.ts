/** Building and updating the document. Text is only ever set as text. */

type Child = Node | string | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes (`class`, `aria-label`, …) and children. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** Sets what has changed; `false` and `undefined` remove an attribute. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = value === true ? '' : String(value);
    if (value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Sets a text if it has changed, so that a selection of it survives. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A row of a list that is updated in place. */
export interface Row<T> {
  readonly element: HTMLElement;
  readonly show: (item: T) => void;
}

/** Keeps the children of `parent` in step with items: rows are made once per key, moved only if needed, and removed. */
export function keyedList<T>(
  parent: HTMLElement,
  keyOf: (item: T) => string,
  create: (item: T) => Row<T>,
): (items: readonly T[]) => void {
  const rows = new Map<string, Row<T>>();
  return (items) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, { element }] of rows) {
      if (keys.has(key)) continue;
      element.remove();
      rows.delete(key);
    }
    items.forEach((item, index) => {
      const key = keyOf(item);
      const row = rows.get(key) ?? create(item);
      rows.set(key, row);
      row.show(item);
      if (parent.children[index] !== row.element) parent.insertBefore(row.element, parent.children[index] ?? null);
    });
  };
}

/** A titled part of the page. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  const head = el('h2', { id: `${id}-title` }, title);
  return el('section', { class: `card ${id}`, 'aria-labelledby': `${id}-title` }, head, ...children);
}

/** A table with a caption for screen readers, in a box that scrolls sideways where it must. */
export interface DataTable {
  readonly box: HTMLElement;
  readonly body: HTMLElement;
  /** The cells of its head. */
  readonly head: readonly HTMLElement[];
}

export function dataTable(caption: string, head: readonly string[]): DataTable {
  const body = el('tbody');
  const cells = head.map((text, column) => el('th', { scope: 'col', class: column > 0 ? 'number' : undefined }, text));
  const table = el(
    'table',
    {},
    el('caption', { class: 'hidden' }, caption),
    el('thead', {}, el('tr', {}, ...cells)),
    body,
  );
  return {
    box: el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption }, table),
    body,
    head: cells,
  };
}

/** A row of texts, the first of which is its head. */
export function textRow(columns: number): Row<readonly string[]> {
  const cells = [
    el('th', { scope: 'row' }),
    ...Array.from({ length: columns - 1 }, () => el('td', { class: 'number' })),
  ];
  return {
    element: el('tr', {}, ...cells),
    show: (texts) => cells.forEach((cell, column) => setText(cell, texts[column] ?? '')),
  };
}
