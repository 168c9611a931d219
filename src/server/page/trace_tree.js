// A trace as a tree: who called whom, when, and for how long.
import { attributeTree, make, pairs, severityPill } from './view.js';

const kDeepest = 24; // what is deeper is not indented further

/** "1.25 s", "3.1 ms", "40 µs". */
export function nanoseconds(ns) {
  if (ns >= 60e9) return `${Math.floor(ns / 60e9)} min ${Math.round((ns % 60e9) / 1e9)} s`;
  for (const [unit, name] of [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs']]) if (ns >= unit) return `${Number((ns / unit).toPrecision(3))} ${name}`;
  return `${ns} ns`;
}

/** The spans in the order of the tree, each with its depth. A parent that has not come, or a ring, makes a root. */
export function treeOrder(spans) {
  const known = new Set(spans.map((span) => span.span_id));
  const children = new Map();
  const roots = [];
  for (const span of spans) {
    if (!known.has(span.parent_id) || span.parent_id === span.span_id) roots.push(span);
    else if (children.has(span.parent_id)) children.get(span.parent_id).push(span);
    else children.set(span.parent_id, [span]);
  }
  const ordered = [];
  const seen = new Set();
  for (const root of [...roots, ...spans]) {
    const waiting = [{ span: root, depth: 0 }];
    while (waiting.length) {
      const { span, depth } = waiting.pop();
      if (seen.has(span.span_id)) continue;
      seen.add(span.span_id);
      ordered.push({ span, depth });
      for (const child of (children.get(span.span_id) ?? []).slice().reverse()) waiting.push({ span: child, depth: depth + 1 });
    }
  }
  return ordered;
}

function bar(span, began, whole) {
  const box = make('span', { class: 'bar-box', 'aria-hidden': 'true' });
  const fill = make('span', { class: span.status === 'error' ? 'span-bar bad' : 'span-bar' });
  fill.style.setProperty('--from', `${(100 * (span.offset_ns - began)) / whole}%`);
  fill.style.setProperty('--wide', `${(100 * span.duration_ns) / whole}%`);
  box.append(fill);
  return box;
}

/** What is to be read of one span, and of where it was made. */
function details(span, resource, records) {
  const events = span.events.map((event) => make('li', {}, make('b', { text: event.name }), ' ', make('span', { class: 'muted', text: clock(event.time) }), attributeTree(event.attributes)));
  const links = span.links.map((link) => make('li', {}, make('a', { href: `#/traces/${link.trace_id}/${link.span_id}`, text: link.trace_id })));
  const log = records.map((record) => make('li', {}, severityPill(record), ' ', make('b', { text: record.event_name }), ' ', make('span', { text: bodyOf(record) }), ' ', make('span', { class: 'muted', text: clock(record.time) })));
  const facts = [['kind', span.kind], ['began', clock(span.start)], ['scope', span.scope || 'none'], ['span id', make('code', { text: span.span_id })]];
  if (span.dropped) facts.push(['left out', `${span.dropped} attributes, events or links`]);
  const leftOut = resource.dropped ? make('p', { class: 'muted', text: `${resource.dropped} were left out` }) : null;
  const list = (title, items) => (items.length ? make('div', {}, make('h4', { text: title }), make('ul', { class: 'plain' }, ...items)) : null);
  return make(
    'div',
    { class: 'span-details' },
    span.status_message ? make('p', { class: 'error', text: span.status_message }) : null,
    make(
      'div',
      { class: 'columns' },
      make('div', {}, make('h4', { text: 'Attributes' }), attributeTree(span.attributes)),
      make('div', {}, make('h4', { text: 'Span' }), make('dl', { class: 'pairs' }, ...pairs(facts))),
      make('div', {}, make('h4', { text: 'Resource' }), attributeTree(resource.attributes), leftOut),
    ),
    list('Events', events),
    list('Log records', log),
    list('Links', links),
  );
}

/** A record's text: what it says beside its event's name. */
export function bodyOf(record) {
  if (record.body === null || record.body === record.event_name) return '';
  if (typeof record.body !== 'string') return JSON.stringify(record.body);
  const prefix = `${record.event_name}: `;
  return record.body.startsWith(prefix) ? record.body.slice(prefix.length) : record.body;
}

export function clock(iso) {
  if (!iso) return '';
  const at = new Date(iso);
  return `${at.toLocaleTimeString([], { hour12: false })}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function grouped(records) {
  const bySpan = new Map();
  for (const record of records) bySpan.set(record.span_id, [...(bySpan.get(record.span_id) ?? []), record]);
  return bySpan;
}

/** The list of rows. `open`: the id of the span whose details are shown at once. */
export function traceRows(trace, open) {
  const { spans } = trace;
  const began = spans[0].offset_ns; // they come in the order of their beginnings
  const ended = spans.reduce((last, span) => Math.max(last, span.offset_ns + span.duration_ns), began);
  const whole = Math.max(1, ended - began);
  const records = grouped(trace.log_records);
  const services = new Set(spans.map((span) => span.service));
  return treeOrder(spans).map(({ span, depth }) => {
    const isError = span.status === 'error';
    const row = make(
      'button',
      { type: 'button', class: isError ? 'span-row bad' : 'span-row', 'aria-expanded': 'false', 'data-span': span.span_id },
      make(
        'span',
        { class: 'span-name' },
        make('span', { class: 'visually-hidden', text: `Level ${depth + 1}${isError ? ', error' : ''}: ` }),
        isError ? make('span', { class: 'bad-text', 'aria-hidden': 'true', text: '▲' }) : null,
        make('b', { text: span.name || '(no name)' }),
        services.size > 1 ? make('span', { class: 'muted', text: span.service }) : null,
      ),
      bar(span, began, whole),
      make('span', { class: 'span-time', text: nanoseconds(span.duration_ns) }),
    );
    row.style.setProperty('--depth', Math.min(depth, kDeepest));
    const item = make('li', {}, row);
    const toggle = () => {
      const isOpen = row.getAttribute('aria-expanded') === 'true';
      row.setAttribute('aria-expanded', String(!isOpen));
      if (isOpen) item.lastElementChild.remove();
      else item.append(details(span, trace.resources[span.resource], records.get(span.span_id) ?? []));
    };
    row.addEventListener('click', toggle);
    if (span.span_id === open) toggle();
    return item;
  });
}
